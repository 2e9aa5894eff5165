using RkLlama.Engine.Residency;
using RkLlama.Native;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>Reports request fields that have no effect. Their names are in the response header <c>X-RkLlama-Ignored</c>.</summary>
internal static class IgnoredFields
{
    /// <summary>
    /// Adds the header to a response with status 200 if some fields of the request have no effect. These fields are determined when the headers are sent,
    /// because the version of the runtime is unknown before the model is loaded.
    /// </summary>
    /// <param name="model">The model that the request uses. Some versions of its runtime set sampling parameters only when they load the model.</param>
    /// <param name="asked">The sampling parameters that the request sets.</param>
    /// <param name="unsupported">Names of the request's fields that no version of the runtime supports.</param>
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
