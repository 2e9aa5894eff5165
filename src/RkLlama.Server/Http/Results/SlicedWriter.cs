using System.Buffers;
using System.IO.Pipelines;

namespace RkLlama.Server.Http.Results;

/// <summary>
/// Writes bodies in slices, and waits until the client has read a slice before it writes more. Kestrel copies what is written at once into blocks of its pool,
/// which keeps them.
/// </summary>
internal static class SlicedWriter
{
    private const int SliceBytes = 32 << 10;

    /// <summary>Writes and flushes a body.</summary>
    internal static async ValueTask WriteSlicedAsync(this PipeWriter body, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        for (; content.Length > SliceBytes; content = content[SliceBytes..])
            await body.WriteAsync(content[..SliceBytes], cancellationToken).ConfigureAwait(false);
        await body.WriteAsync(content, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes what a buffer has, and empties the buffer. A large content is flushed, a small one is not.</summary>
    internal static async ValueTask WriteAndClearAsync(this PipeWriter body, ArrayBufferWriter<byte> buffer, CancellationToken cancellationToken)
    {
        if (buffer.WrittenCount <= SliceBytes)
            body.Write(buffer.WrittenSpan);
        else
            await body.WriteSlicedAsync(buffer.WrittenMemory, cancellationToken).ConfigureAwait(false);
        buffer.ResetWrittenCount();
    }
}
