using System.Buffers;
using System.IO.Pipelines;

namespace RkLlama.Server.Connections;

/// <summary>
/// Reads the input of a connection for Kestrel. Reports the end of the input only when Kestrel has examined all bytes before it. Otherwise Kestrel would refuse
/// a complete body if its last bytes arrive together with the end of the input.
/// </summary>
internal sealed class UnreadInputReader(PipeReader input) : PipeReader
{
    private ReadOnlySequence<byte> _buffer;

    // Number of bytes at the start of the next buffer that Kestrel has examined and not consumed.
    private long _examined;

    /// <summary>Whether the last read did not have to wait for the client.</summary>
    internal bool WasInputReady { get; private set; }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<ReadResult> read = input.ReadAsync(cancellationToken);
        WasInputReady = read.IsCompleted;
        return Hide(await read.ConfigureAwait(false));
    }

    public override bool TryRead(out ReadResult result)
    {
        bool hasRead = input.TryRead(out result);
        if (hasRead)
            result = Hide(result);
        return hasRead;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _examined = _buffer.Slice(consumed, examined).Length;
        _buffer = default;
        input.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => input.CancelPendingRead();

    public override void Complete(Exception? exception = null) => input.Complete(exception);

    private ReadResult Hide(ReadResult result)
    {
        _buffer = result.Buffer;
        return result.IsCompleted && _buffer.Length > _examined ? new(_buffer, result.IsCanceled, isCompleted: false) : result;
    }
}
