using Microsoft.AspNetCore.Http.Features;
using RkLlama.Engine.Generation;

namespace RkLlama.Server.Http.Requests;

internal static class RequestTraceExtensions
{
    /// <summary>Returns the request's trace. <c>NodeHeadersMiddleware</c> creates it for every request.</summary>
    internal static RequestTrace Trace(this HttpContext context) => context.Features.GetRequiredFeature<RequestTrace>();
}
