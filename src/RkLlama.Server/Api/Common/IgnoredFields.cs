using RkLlama.Engine.Residency;
using RkLlama.Native;

namespace RkLlama.Server.Api.Common;

/// <summary>Says in a header what a request asked for and does not get.</summary>
internal static class IgnoredFields
{
    internal const string Header = "X-RkLlama-Ignored";

    /// <summary>Decided when the headers leave: only then is it known which runtime answers.</summary>
    internal static void ReportIgnored(this HttpResponse response, LoadedModel model, SamplingParameters asked, IReadOnlyList<string> unsupported) =>
        response.OnStarting(() =>
        {
            string[] ignored = model.Keeper?.Facts is { HasPerRunSampling: false }
                ? [.. SamplingFields.FixedFields(asked, model.Engine.Sampling), .. unsupported]
                : [.. unsupported];
            if (ignored.Length > 0 && response.StatusCode == StatusCodes.Status200OK)
                response.Headers[Header] = string.Join(", ", ignored);
            return Task.CompletedTask;
        });
}
