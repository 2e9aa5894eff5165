using System.Text.Json;
using RkLlama.Native;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The <c>options</c> of a request. Unknown ones are ignored; a wrong type is a 400.</summary>
internal sealed record OllamaOptions(SamplingParameters Sampling, int? MaxTokens, IReadOnlyList<string> StopSequences, IReadOnlyList<string> Unsupported)
{
    // What they ask for is decided by the model's file and its Modelfile.
    private static readonly string[] FixedByTheModel = ["num_ctx", "num_gpu", "num_thread", "num_batch"];

    // What no run can honour may be anything.
    private static readonly string[] Floats =
        ["temperature", "top_p", "repeat_penalty", "presence_penalty", "frequency_penalty", "mirostat_tau", "mirostat_eta"];

    private static readonly string[] Integers = ["num_predict", "top_k", "mirostat"];

    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OllamaOptions From(JsonElement body)
    {
        if (body.Object("options") is not { } options)
            return new(SamplingParameters.Default, null, [], []);

        RequireTypes(options);

        // −1 is for ever, −2 until the context is full: both are the model's own bound here.
        int? most = options.Integer("num_predict", int.MinValue, int.MaxValue) is > 0 and var tokens ? tokens : null;
        foreach (string name in FixedByTheModel)
            options.Integer(name, int.MinValue, int.MaxValue);
        return new(options.ReadSampling(), most, options.Stops(), [.. options.UnsupportedFields()]);
    }

    /// <summary>In Ollama's own words; whether a value is one that makes sense is looked at afterwards.</summary>
    private static void RequireTypes(JsonElement options)
    {
        foreach (JsonProperty option in options.EnumerateObject())
        {
            bool isNumber = option.Value.ValueKind == JsonValueKind.Number;
            string? type = option.Name switch
            {
                _ when option.Value.ValueKind == JsonValueKind.Null => null,
                "stop" when option.Value.ValueKind is not (JsonValueKind.Array or JsonValueKind.String) => "array",
                _ when Floats.Contains(option.Name) && !isNumber => "float32",
                _ when (Integers.Contains(option.Name) || FixedByTheModel.Contains(option.Name)) && !(isNumber && double.IsInteger(option.Value.GetDouble())) => "integer",
                _ => null,
            };
            if (type is not null)
                throw ApiException.BadRequest($"option \"{option.Name}\" must be of type {type}");
        }
    }
}
