using RkLlama.Native;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The <c>options</c> of a request.</summary>
internal sealed record OllamaOptions(SamplingParameters Sampling, int? MaxTokens, IReadOnlyList<string> StopSequences, IReadOnlyList<string> Unsupported)
{
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OllamaOptions From(OllamaOptionsBody? options) => options is null
        ? new(SamplingParameters.Default, null, [], [])
        : new(
            SamplingOptions.From(options),

            // −1 is no limit, −2 until the context is full: for both, the model's own limit counts.
            options.NumPredict is > 0 and var tokens ? tokens : null,
            StopOptions.From(options.Stop),
            SamplingOptions.UnsupportedFields(options));
}
