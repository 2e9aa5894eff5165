using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RkLlama.Server.Http.Results;

/// <summary>A JSON response with a Content-Length. It ends with a newline, for users who call the API from a terminal.</summary>
internal sealed class JsonResult<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => JsonResult.WriteAsync(httpContext, JsonSerializer.SerializeToUtf8Bytes(value, type), status);
}

internal static class JsonResult
{
    /// <summary>Sends a serialized JSON object with a Content-Length, followed by a newline.</summary>
    /// <param name="json">One JSON object, without a newline.</param>
    internal static async Task WriteAsync(HttpContext httpContext, ReadOnlyMemory<byte> json, int status)
    {
        byte[] body = [.. json.Span, (byte)'\n'];
        HttpResponse response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = httpContext.RequestServices.GetRequiredService<ApiRegistry>().FindOrDefault(httpContext).JsonContentType;
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteSlicedAsync(body, httpContext.RequestAborted).ConfigureAwait(false);
    }
}
