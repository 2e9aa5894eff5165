using System.IO.Compression;
using Microsoft.Net.Http.Headers;

namespace RkLlama.Server.Api.Page;

/// <summary>
/// Sends a file of the page, or 304 if the client has it. The rare client that does not accept gzip gets it uncompressed. The headers restrict what the file may
/// do in a browser, because the page shows the output of models, which anybody may have influenced.
/// </summary>
internal sealed class PageFileResult(PageFile file) : IResult
{
    internal const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; form-action 'none'; base-uri 'none'; "
        + "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        HttpRequest request = httpContext.Request;
        HttpResponse response = httpContext.Response;
        bool isCompressed = AcceptsGzip(request);
        string tag = isCompressed ? file.ETag : file.ETag[..^1] + "-plain\"";
        SetHeaders(response, tag);
        if (HasCopy(request, tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = file.ContentType;
        Stream content = file.OpenGzip();
        if (isCompressed)
        {
            response.Headers.ContentEncoding = "gzip";
            response.ContentLength = content.Length;
        }
        else
        {
            content = new GZipStream(content, CompressionMode.Decompress);
        }

        await using (content.ConfigureAwait(false))
        {
            if (!HttpMethods.IsHead(request.Method))
                await content.CopyToAsync(response.Body, httpContext.RequestAborted).ConfigureAwait(false);
        }
    }

    private void SetHeaders(HttpResponse response, string tag)
    {
        IHeaderDictionary headers = response.Headers;
        headers.ETag = tag;
        headers.Vary = HeaderNames.AcceptEncoding;
        headers.CacheControl = file.IsImmutable ? "public, max-age=31536000, immutable" : "no-cache";
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";

        // The camera is only for pictures that the user attaches.
        headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()";
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
    }

    private static bool HasCopy(HttpRequest request, string tag) =>
        EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out IList<EntityTagHeaderValue>? tags)
        && tags.Any(one => one.Tag == "*" || one.Compare(new(tag), useStrongComparison: false));

    private static bool AcceptsGzip(HttpRequest request) =>
        StringWithQualityHeaderValue.TryParseList(request.Headers.AcceptEncoding, out IList<StringWithQualityHeaderValue>? encodings)
        && encodings.Any(static encoding => encoding.Quality is not 0 && encoding.Value.Value is "gzip" or "x-gzip");
}
