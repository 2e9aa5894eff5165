using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Middleware;

/// <summary>
/// Answers 400 to requests whose framing a proxy may understand in another way: with a transfer coding other than chunked, such as <c>gzip, chunked</c>, which
/// Kestrel accepts, but does not decompress; with a transfer coding in HTTP/1.0, which has none; and with a transfer coding and a length.
/// </summary>
internal sealed class TransferEncodingMiddleware(RequestDelegate next)
{
    // If a request has a transfer coding and a length, Kestrel moves the length into this header.
    private const string ReplacedLength = "X-Content-Length";

    public Task InvokeAsync(HttpContext context) => Problem(context.Request) is { } problem
        ? throw new ApiException(StatusCodes.Status400BadRequest, new(problem)) { ClosesConnection = true }
        : next(context);

    private static string? Problem(HttpRequest request)
    {
        string? coding = request.Headers.TransferEncoding;
        if (string.IsNullOrEmpty(coding))
            return null;
        if (!coding.Equals("chunked", StringComparison.OrdinalIgnoreCase))
            return $"Transfer-Encoding {Excerpt.Of(coding)} is not supported: use chunked.";
        if (HttpProtocol.IsHttp10(request.Protocol))
            return "HTTP/1.0 has no Transfer-Encoding: send Content-Length.";
        return request.Headers.ContainsKey(ReplacedLength) ? "The request has Transfer-Encoding and Content-Length: send one of them." : null;
    }
}
