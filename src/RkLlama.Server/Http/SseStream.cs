using System.Buffers;
using System.Text;

namespace RkLlama.Server.Http;

/// <summary>
/// Server-sent events, already framed; otherwise like <see cref="NdjsonStream{T}"/>.
/// </summary>
/// <param name="frame">Makes the last event of an error's JSON.</param>
internal sealed class SseStream(IAsyncEnumerable<ReadOnlyMemory<byte>> events, Func<byte[], ReadOnlyMemory<byte>> frame) : IResult
{
    /// <summary>A comment: keeps the connection alive and means nothing.</summary>
    internal static ReadOnlyMemory<byte> Comment { get; } = ":\n\n"u8.ToArray();

    /// <summary>What OpenAI's streams end with.</summary>
    internal static ReadOnlyMemory<byte> Done { get; } = "data: [DONE]\n\n"u8.ToArray();

    internal SseStream(IAsyncEnumerable<ReadOnlyMemory<byte>> events)
        : this(events, StreamingResponse.AsEvent)
    {
    }

    /// <summary>An event with a name of its own, for clients that go by it.</summary>
    internal static ReadOnlyMemory<byte> Event(string name, byte[] json) => (byte[])[.. "event: "u8, .. Encoding.ASCII.GetBytes(name), .. "\n"u8, .. StreamingResponse.AsEvent(json).Span];

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        CancellationToken cancellationToken = httpContext.RequestAborted;
        IAsyncEnumerator<ReadOnlyMemory<byte>> items = events.GetAsyncEnumerator(cancellationToken);
        await using (items.ConfigureAwait(false))
        {
            bool more = await items.MoveNextAsync().ConfigureAwait(false);

            HttpResponse response = httpContext.Response;
            response.ContentType = "text/event-stream";
            response.PreventBuffering();
            try
            {
                while (more)
                {
                    response.BodyWriter.Write(items.Current.Span);
                    more = await response.BodyWriter.FlushBeforeAsync(items.MoveNextAsync(), cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception ex) when (!cancellationToken.IsCancellationRequested)
            {
                throw new UnfinishedAnswerException(ex, frame);
            }
        }
    }
}
