using System.Text.Json;
using RkLlama.Native;
using RkLlama.Server.Endpoints;

namespace RkLlama.Server.Contracts.Ollama;

/// <summary>The <c>options</c> of a request. Unknown ones are ignored; a wrong type is a 400.</summary>
internal sealed record OllamaOptions(SamplingParameters Sampling, int? MaxTokens, IReadOnlyList<string> StopSequences, IReadOnlyList<string> Unsupported)
{
    // What they ask for is decided by the model's file and its Modelfile.
    private static readonly string[] FixedByTheModel = ["num_ctx", "num_gpu", "num_thread", "num_batch"];

    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OllamaOptions From(JsonElement body)
    {
        if (body.Object("options") is not { } options)
            return new(SamplingParameters.Default, null, [], []);

        // −1 is for ever, −2 until the context is full: both are the model's own bound here.
        int? most = options.Integer("num_predict", int.MinValue, int.MaxValue) is > 0 and var tokens ? tokens : null;
        foreach (string name in FixedByTheModel)
            options.Integer(name, int.MinValue, int.MaxValue);
        return new(options.ReadSampling(), most, options.Stops(), [.. options.UnsupportedFields()]);
    }
}
