using RkLlama.Engine.Residency;
using RkLlama.Native;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>Says in a header what a request asked for and does not get.</summary>
internal static class IgnoredFields
{
    /// <summary>Decided when the headers leave: only then is it known which runtime answers.</summary>
    internal static void ReportIgnored(this HttpResponse response, ModelInstance model, SamplingParameters asked, IReadOnlyList<string> unsupported) =>
        response.OnStarting(() =>
        {
            string[] ignored = model.Facts is { HasPerRunSampling: false }
                ? [.. SamplingOptions.FixedFields(asked, model.Engine.Sampling), .. unsupported]
                : [.. unsupported];
            if (ignored.Length > 0 && response.StatusCode == StatusCodes.Status200OK)
                response.Headers[RkLlamaHeaders.Ignored] = string.Join(", ", ignored);
            return Task.CompletedTask;
        });
}
