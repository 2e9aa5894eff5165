using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;

namespace RkLlama.Server.Http.Results;

/// <summary>
/// Passes the JSON of a response from its producer to the response. A small object stays in the buffer until it is complete. A large one is passed on in chunks,
/// so that the memory does not grow with the size of the response. One producer and one reader.
/// </summary>
internal sealed class JsonChunks
{
    // From this size on, the response is sent in chunks.
    private const int ChunkSize = 256 << 10;

    private readonly Channel<byte[]> _chunks = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(1)
    {
        SingleReader = true,
        SingleWriter = true,
        AllowSynchronousContinuations = false,
    });

    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>The chunks, for the response. The reader completes after the last chunk; then <see cref="Rest"/> has the end of the object.</summary>
    internal ChannelReader<byte[]> Reader => _chunks.Reader;

    /// <summary>The end of the object, or the whole object if there were no chunks. Valid after the reader has completed.</summary>
    internal ReadOnlyMemory<byte> Rest => _buffer.WrittenMemory;

    /// <summary>The buffer to which the producer writes.</summary>
    internal IBufferWriter<byte> Buffer => _buffer;

    /// <summary>Writes a value.</summary>
    internal void Write<T>(T value, JsonTypeInfo<T> type)
    {
        using Utf8JsonWriter writer = NewWriter(type.Options);
        JsonSerializer.Serialize(writer, value, type);
    }

    /// <summary>Creates a writer for <see cref="Buffer"/> that escapes text as the serializer with these options does.</summary>
    internal Utf8JsonWriter NewWriter(JsonSerializerOptions options) => new(_buffer, new JsonWriterOptions { Encoder = options.Encoder });

    /// <summary>If the buffer is large, passes its content on and waits until the reader has taken the chunk before it.</summary>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    /// <exception cref="ChannelClosedException">The response has ended.</exception>
    internal async ValueTask PassOnAsync(CancellationToken cancellationToken)
    {
        if (_buffer.WrittenCount < ChunkSize)
            return;
        byte[] chunk = _buffer.WrittenSpan.ToArray();
        _buffer.ResetWrittenCount();
        await _chunks.Writer.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends a producer that waits to pass on a chunk, because the response has ended.</summary>
    internal void Abandon() => _chunks.Writer.TryComplete();

    /// <summary>Runs the producer and completes the reader when it ends. Never throws: an exception goes to the reader.</summary>
    internal async Task ProduceAsync(Func<JsonChunks, Task> produce)
    {
        try
        {
            await produce(this).ConfigureAwait(false);
            _chunks.Writer.TryComplete();
        }
        catch (Exception ex)
        {
            _chunks.Writer.TryComplete(ex);
        }
    }
}
