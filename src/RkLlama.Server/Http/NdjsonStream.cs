using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RkLlama.Server.Http;

/// <summary>
/// One JSON object per line, one flush per line unless the next one is there already. The response is not touched before the first item is there, so a failure until then is a
/// status of its own; a failure afterwards is one more line and a cut connection.
/// </summary>
internal sealed class NdjsonStream<T>(IAsyncEnumerable<T> items, JsonTypeInfo<T> type) : IResult
{
    private static ReadOnlyMemory<byte> Newline { get; } = "\n"u8.ToArray();

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        CancellationToken cancellationToken = httpContext.RequestAborted;
        IAsyncEnumerator<T> lines = items.GetAsyncEnumerator(cancellationToken);
        await using (lines.ConfigureAwait(false))
        {
            bool more = await lines.MoveNextAsync().ConfigureAwait(false);

            HttpResponse response = httpContext.Response;
            response.ContentType = "application/x-ndjson";
            response.PreventBuffering();
            using Utf8JsonWriter writer = new(response.BodyWriter, new JsonWriterOptions { Encoder = type.Options.Encoder, SkipValidation = true });
            try
            {
                while (more)
                {
                    JsonSerializer.Serialize(writer, lines.Current, type);
                    writer.Flush();
                    writer.Reset();
                    response.BodyWriter.Write(Newline.Span);
                    more = await response.BodyWriter.FlushBeforeAsync(lines.MoveNextAsync(), cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception ex) when (!cancellationToken.IsCancellationRequested)
            {
                throw new UnfinishedAnswerException(ex, StreamingResponse.AsLine);
            }
        }
    }
}
