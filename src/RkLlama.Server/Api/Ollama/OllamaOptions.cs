using System.Text.Json;
using RkLlama.Engine.Residency;
using RkLlama.Native;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The parsed and checked <c>options</c> of a request.</summary>
/// <param name="MaxTokens">Maximum number of output tokens; null for the model's own limit.</param>
/// <param name="Unsupported">Names of the options that no version of the runtime supports, and of unknown options.</param>
internal sealed record OllamaOptions(SamplingParameters Sampling, int? MaxTokens, IReadOnlyList<string> StopSequences, IReadOnlyList<string> Unsupported)
{
    /// <summary>The context length that the request asks for; null for none.</summary>
    internal int? ContextLength { get; init; }

    /// <summary>Returns the names of the options that have no effect on this model.</summary>
    internal IReadOnlyList<string> IgnoredBy(ModelInstance model) =>
        ContextLength is { } asked && asked != model.ContextLength ? [.. Unsupported, "num_ctx"] : Unsupported;

    /// <param name="json">The body of the request.</param>
    /// <exception cref="ApiException">Status 400: an option has a wrong value.</exception>
    internal static OllamaOptions From(OllamaOptionsBody? options, JsonElement json) => options is null
        ? new(SamplingParameters.Default, null, [], [])
        : new(
            SamplingOptions.From(options),

            // In Ollama, −1 means no limit and −2 means to fill the context. Here, both select the model's own limit.
            options.NumPredict is > 0 and var tokens ? tokens : null,
            StopOptions.From(options.Stop),
            [
                .. SamplingOptions.UnsupportedFields(options),
                .. IgnoredFields.Unknown<OllamaOptionsBody>(OllamaBodyJson.Reader, json.GetProperty("options")),
            ])
        {
            ContextLength = options.NumCtx,
        };
}
