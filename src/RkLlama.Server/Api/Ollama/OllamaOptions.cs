using RkLlama.Native;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The <c>options</c> of a request.</summary>
internal sealed record OllamaOptions(SamplingParameters Sampling, int? MaxTokens, IReadOnlyList<string> StopSequences, IReadOnlyList<string> Unsupported)
{
    /// <exception cref="ApiException">Status 400: an option has a wrong value.</exception>
    internal static OllamaOptions From(OllamaOptionsBody? options) => options is null
        ? new(SamplingParameters.Default, null, [], [])
        : new(
            SamplingOptions.From(options),

            // In Ollama −1 is no limit and −2 fills the context. Both select the model's own limit here.
            options.NumPredict is > 0 and var tokens ? tokens : null,
            StopOptions.From(options.Stop),
            SamplingOptions.UnsupportedFields(options));
}
