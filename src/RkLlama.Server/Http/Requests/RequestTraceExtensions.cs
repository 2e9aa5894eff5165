using Microsoft.AspNetCore.Http.Features;
using RkLlama.Engine.Generation;

namespace RkLlama.Server.Http.Requests;

internal static class RequestTraceExtensions
{
    /// <summary>The trace of the request; set by the first middleware.</summary>
    internal static RequestTrace Trace(this HttpContext context) => context.Features.GetRequiredFeature<RequestTrace>();
}
