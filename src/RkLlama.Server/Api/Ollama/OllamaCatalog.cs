using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The endpoints about models.</summary>
internal static class OllamaCatalog
{
    // What /api/ps says of a model that does not expire.
    private static readonly DateTimeOffset Never = new(2318, 1, 1, 0, 0, 0, TimeSpan.Zero);

    internal static JsonAnswer<OllamaModels> Tags(ModelCatalog catalog)
    {
        try
        {
            return new(new([.. catalog.List().Select(name => ModelOf(ModelFileInfo.Read(catalog, name)))]), ApiJson.Wire.OllamaModels);
        }
        catch (ModelException ex)
        {
            throw new ApiException(StatusCodes.Status500InternalServerError, new(ex.Message));
        }
    }

    internal static JsonAnswer<OllamaModels> Running(ModelCatalog catalog, ModelHost host)
    {
        if (host.Current is not { } model)
            return new(new([]), ApiJson.Wire.OllamaModels);

        ModelFileInfo facts = ModelFileInfo.Read(catalog, model.Name);
        OllamaModel running = ModelOf(facts) with
        {
            ExpiresAt = OllamaTime.Of(model.Expires == DateTimeOffset.MaxValue ? Never : model.Expires),
            SizeVram = facts.Size,
            ContextLength = model.Keeper?.Facts?.MaxContextLength ?? model.Engine.MaxContextLength,
        };
        return new(new([running]), ApiJson.Wire.OllamaModels);
    }

    internal static async Task<JsonAnswer<OllamaShowReply>> Show(HttpContext context, RequestReader reader, ModelCatalog catalog, ModelHost host)
    {
        JsonElement body = await ReadAsync(context, reader).ConfigureAwait(false);
        LoadedModel model = host.Find(OllamaFields.ReadModel(body));
        PromptBuilder prompts = await model.Prompts.WaitAsync(context.RequestAborted).ConfigureAwait(false);
        ModelFileInfo facts = ModelFileInfo.Read(catalog, model.Name);
        int contextLength = model.Keeper?.Facts?.MaxContextLength ?? model.Engine.MaxContextLength;
        OllamaDetails details = DetailsOf(facts);
        List<string> capabilities = prompts.Completes(model) ? ["completion"] : [];
        if (prompts.TakesTools())
            capabilities.Add("tools");
        if (prompts.Thinks())
            capabilities.Add("thinking");
        if (model.Entry.Modelfile.Pooling is not null)
            capabilities.Add("embedding");
        return new(
            new(
                ModelfileText(model),
                ParametersOf(model, contextLength),
                prompts.TemplateSource,
                details,
                new()
                {
                    ["general.architecture"] = Json($"\"{JsonEncodedText.Encode(details.Family)}\""),
                    ["general.basename"] = Json($"\"{JsonEncodedText.Encode(model.Name)}\""),
                    [$"{details.Family}.context_length"] = Json(contextLength.ToString(CultureInfo.InvariantCulture)),
                },
                [.. capabilities],
                OllamaTime.Of(facts.Modified))
            {
                System = string.IsNullOrEmpty(model.Entry.Modelfile.System) ? null : model.Entry.Modelfile.System,
            },
            ApiJson.Wire.OllamaShowReply);
    }

    internal static async Task<IResult> Copy(HttpContext context, RequestReader reader, ModelCatalog catalog)
    {
        JsonElement body = await ReadAsync(context, reader).ConfigureAwait(false);
        string source = body.Text("source") is { Length: > 0 } from ? from : throw ApiException.BadRequest("source is required");
        string destination = body.Text("destination") is { Length: > 0 } to ? to : throw ApiException.BadRequest("destination is required");
        ModelFiles.Copy(catalog, catalog.Resolve(source) ?? throw new ModelNotFoundException(source), destination);
        return Results.Ok();
    }

    /// <summary>The body of a DELETE has to be read by hand; clients send one.</summary>
    internal static async Task<IResult> Delete(HttpContext context, RequestReader reader, ModelCatalog catalog, Generator generator)
    {
        JsonElement body = await ReadAsync(context, reader).ConfigureAwait(false);
        string requested = OllamaFields.ReadModel(body);
        string name = catalog.Resolve(requested) ?? throw new ModelNotFoundException(requested);
        await generator.UnloadAsync(name, context.RequestAborted).ConfigureAwait(false);
        ModelFiles.Delete(catalog, name);
        return Results.Ok();
    }

    private static async Task<JsonElement> ReadAsync(HttpContext context, RequestReader reader)
    {
        JsonElement body = await reader.ReadAsync(context).ConfigureAwait(false);
        OllamaFields.RequireObject(body);
        return body;
    }

    private static OllamaModel ModelOf(ModelFileInfo facts) =>
        new(facts.Name + ":latest", facts.Name + ":latest", OllamaTime.Of(facts.Modified), facts.Size, DigestOf(facts), DetailsOf(facts));

    private static string DigestOf(ModelFileInfo facts) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        FormattableString.Invariant($"{facts.Path}\n{facts.Size}\n{facts.Modified.UtcTicks}"))));

    /// <summary>By the name of the model, the only place that says it without reading the file.</summary>
    private static OllamaDetails DetailsOf(ModelFileInfo facts)
    {
        ModelNameInfo description = ModelNameInfo.Parse($"{facts.Name} {Path.GetFileName(facts.Path)}");
        return new("", "rkllm", description.Family, [description.Family], description.ParameterSize, description.Quantization);
    }

    private static string ModelfileText(LoadedModel model)
    {
        try
        {
            return model.Entry.Directory is { } directory ? File.ReadAllText(Path.Join(directory, "Modelfile")) : $"FROM={model.Entry.ModelPath}\n";
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return $"FROM={model.Entry.ModelPath}\n";
        }
    }

    /// <summary>As in a Modelfile of Ollama: a name and a value per line. What the Modelfile leaves open has the runtime's default.</summary>
    private static string ParametersOf(LoadedModel model, int contextLength)
    {
        Native.SamplingParameters sampling = model.Engine.Sampling;
        return string.Join('\n', (string[])
        [
            FormattableString.Invariant($"num_ctx {contextLength}"),
            FormattableString.Invariant($"num_predict {model.Engine.MaxNewTokens}"),
            FormattableString.Invariant($"temperature {sampling.Temperature ?? 0.8f}"),
            FormattableString.Invariant($"top_k {sampling.TopK ?? 40}"),
            FormattableString.Invariant($"top_p {sampling.TopP ?? 0.9f}"),
            FormattableString.Invariant($"repeat_penalty {sampling.RepeatPenalty ?? 1.1f}"),
        ]);
    }

    private static JsonElement Json(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
