using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Ollama.Models;

/// <summary>The parsed and checked body of <c>POST /api/create</c>.</summary>
/// <param name="Model">The name of the new model.</param>
/// <param name="Source">The model to make it of: a name of the node, a short name or a name on a hub.</param>
/// <param name="Change">The new values of the Modelfile. They are checked when they are applied.</param>
internal sealed record OllamaCreateRequest(string Model, string Source, ModelfileChange Change, bool Stream)
{
    /// <summary>Names of the fields and parameters that have no effect.</summary>
    internal required IReadOnlyList<string> Ignored { get; init; }

    /// <exception cref="ApiException">Status 400: a field is missing, not supported, or has a wrong value.</exception>
    /// <exception cref="ModelException">The values are too long for a Modelfile.</exception>
    internal static OllamaCreateRequest From(JsonElement json)
    {
        CreateSize.Check(json);
        OllamaCreateBody body = OllamaRequest.Read<OllamaCreateBody>(json);
        string model = OllamaRequest.ModelOf(body);
        if (!ModelName.IsModelName(ModelName.WithoutLatest(model)))
            throw ApiException.BadRequest($"invalid model name '{Excerpt.Of(model)}': it has to be a plain file name without blanks and quotes", "model");
        Refuse(body);
        ModelfileChange change = new();
        List<string> ignored = [.. IgnoredFields.Unknown<OllamaCreateBody>(OllamaBodyJson.Reader, json)];
        string? from = null;
        try
        {
            from = string.IsNullOrWhiteSpace(body.Modelfile) ? null : change.SetAll(body.Modelfile, []);
        }
        catch (ModelfileException ex)
        {
            throw ApiException.BadRequest(ex.Message, "modelfile");
        }

        from = string.IsNullOrWhiteSpace(body.From) ? from : body.From.Trim();
        if (body.System is { } system)
            change.Set("SYSTEM", system);
        if (body.Template is { } template)
            change.Set("TEMPLATE", template);
        if (body.License is { HasTokens: true })
            throw ApiException.BadRequest("license must be a string or an array of strings", "license");
        if (body.License is { Texts: { } licenses })
            change.Set("LICENSE", licenses);
        if (body.Messages is { Length: > 0 } messages)
            change.Set("MESSAGE", messages.Select(static (message, index) => MessageOf(message, index).ToString()));
        foreach ((string name, JsonElement value) in body.Parameters ?? [])
        {
            if (!TrySet(change, name, value))
                ignored.Add(name);
        }

        if (change.Values.FirstOrDefault(static pair => pair.Key == "TEMPLATE").Values is [{ } text] && ModelfileReader.IsGoTemplate(text))
        {
            change.Remove("TEMPLATE");
            ignored.Add("template");
        }

        return new(model, from ?? throw ApiException.BadRequest("neither 'from' or 'files' was specified: name the model to make the new one of in 'from'", "from"), change, body.Stream ?? true)
        {
            Ignored = ignored,
        };
    }

    private static void Refuse(OllamaCreateBody body)
    {
        if (body.Files is { Count: > 0 })
            throw ApiException.BadRequest("files is not supported: this node makes a model of another one ('from'). Pull the model, or copy its .rkllm file into the models directory of the node", "files");
        if (body.Adapters is { Count: > 0 })
            throw ApiException.BadRequest("adapters is not supported: the runtime cannot apply an adapter to a converted model. Merge it into the model before the conversion", "adapters");
        if (!string.IsNullOrEmpty(body.Quantize))
            throw ApiException.BadRequest("quantize is not supported: an .rkllm file has the quantization with which it was converted", "quantize");
    }

    /// <summary>Sets a parameter of Ollama.</summary>
    /// <returns>Whether the runtime has it.</returns>
    private static bool TrySet(ModelfileChange change, string name, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return true;
        if (OllamaParameters.KeyOf(name.ToLowerInvariant()) is not { } key)
            return false;
        JsonElement[] values = value.ValueKind == JsonValueKind.Array && key == "STOP" ? [.. value.EnumerateArray()] : [value];
        if (!Array.TrueForAll(values, static one => one.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False))
            throw ApiException.BadRequest($"parameters.{name} must be {(key == "STOP" ? "a string or an array of strings" : "a number")}", $"parameters.{name}");
        change.Set(key, values.Select(one => OllamaParameters.ValueOf(name.ToLowerInvariant(), one.ToString())));
        return true;
    }

    private static ModelfileMessage MessageOf(OllamaMessageBody? message, int index)
    {
        string path = $"messages[{index}]";
        ChatMessage read = OllamaMessageReader.Read(message, path, index, UnreadableContent.In([]));
        bool hasCalls = MessageReader.CallsOf(message!.ToolCalls, $"{path}.tool_calls") is { Count: > 0 };
        if (!ModelfileMessage.Roles.Contains(read.Role) || hasCalls)
            throw ApiException.BadRequest($"{path}: a model keeps messages of the roles {string.Join(", ", ModelfileMessage.Roles)} with a text only", path);
        return new(read.Role, read.Content ?? "");
    }
}
