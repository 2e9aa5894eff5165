using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RkLlama.Server.Http;

/// <summary>One JSON object with its length in the header and a newline at its end, as a terminal likes it.</summary>
internal sealed class JsonAnswer<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        byte[] body = [.. JsonSerializer.SerializeToUtf8Bytes(value, type), (byte)'\n'];
        httpContext.Response.StatusCode = status;
        httpContext.Response.ContentType = httpContext.Request.JsonType();
        httpContext.Response.ContentLength = body.Length;
        await httpContext.Response.Body.WriteAsync(body, httpContext.RequestAborted).ConfigureAwait(false);
    }
}
