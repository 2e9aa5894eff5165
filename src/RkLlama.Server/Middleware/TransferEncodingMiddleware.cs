using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Middleware;

/// <summary>
/// Answers 400 to requests with a transfer coding other than chunked, such as <c>gzip, chunked</c>. Kestrel accepts such a request, but does not decompress its
/// body.
/// </summary>
internal sealed class TransferEncodingMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        string? coding = context.Request.Headers.TransferEncoding;
        return string.IsNullOrEmpty(coding) || coding.Equals("chunked", StringComparison.OrdinalIgnoreCase)
            ? next(context)
            : throw new ApiException(StatusCodes.Status400BadRequest, new($"Transfer-Encoding {Excerpt.Of(coding)} is not supported: use chunked."))
            {
                ClosesConnection = true,
            };
    }
}
