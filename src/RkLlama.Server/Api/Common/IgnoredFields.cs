using RkLlama.Engine.Residency;
using RkLlama.Native;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>Reports request fields without effect in the header <c>X-RkLlama-Ignored</c>.</summary>
internal static class IgnoredFields
{
    /// <summary>Evaluated when the response headers are sent, because the version of the runtime is known only after the model is loaded.</summary>
    internal static void ReportIgnored(this HttpResponse response, ModelInstance model, SamplingParameters asked, IReadOnlyList<string> unsupported) =>
        response.OnStarting(() =>
        {
            string[] ignored = model.Facts is { HasPerRunSampling: false }
                ? [.. SamplingOptions.FieldsFixedAtLoad(asked, model.Engine.Sampling), .. unsupported]
                : [.. unsupported];
            if (ignored.Length > 0 && response.StatusCode == StatusCodes.Status200OK)
                response.Headers[RkLlamaHeaders.Ignored] = string.Join(", ", ignored);
            return Task.CompletedTask;
        });
}
