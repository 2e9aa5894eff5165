using System.Buffers;
using System.IO.Pipelines;

namespace RkLlama.Server.Connections;

/// <summary>
/// Reads the input of a connection for Kestrel. Reports the end of the input only when Kestrel has examined all bytes before it. Otherwise Kestrel would refuse
/// a complete body if its last bytes arrive together with the end of the input. While the end is held, it is not reported at all: Kestrel cuts the connection
/// without a response if the input ends before the body does.
/// </summary>
internal sealed class UnreadInputReader(PipeReader input) : PipeReader
{
    // The hold of the active request; null if there is none. A body in chunks is read on another thread than that of the request.
    private volatile EndOfInputHold? _hold;

    private ReadOnlySequence<byte> _buffer;

    // Number of bytes at the start of the next buffer that Kestrel has examined and not consumed.
    private long _examined;

    /// <summary>Whether the last read did not have to wait for the client.</summary>
    internal bool WasInputReady { get; private set; }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<ReadResult> read = input.ReadAsync(cancellationToken);
        WasInputReady = read.IsCompleted;
        ReadResult result = Hide(await read.ConfigureAwait(false));
        if (!result.IsCompleted || _hold is not { } hold)
            return result;
        if (await hold.WaitAsync().ConfigureAwait(false))
            return new(result.Buffer, isCanceled: true, isCompleted: false);

        // Kestrel would answer the end of the input with a reset, and this exception with an orderly close. The response has been sent.
        throw new IOException("The client has ended its input within the body.");
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
        // If Kestrel refuses a trailer that is too long, it passes positions that it has not set, or an examined one before the consumed one.
        bool areSet = consumed.GetObject() is not null && examined.GetObject() is not null;
        long ahead = areSet ? _buffer.GetOffset(examined) - _buffer.GetOffset(consumed) : 0;
        if (ahead < 0)
            examined = consumed;
        _examined = Math.Max(0, ahead);
        _buffer = default;
        input.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead()
    {
        _hold?.CancelRead();
        input.CancelPendingRead();
    }

    public override void Complete(Exception? exception = null) => input.Complete(exception);

    /// <inheritdoc cref="Http.IHalfCloseFeature.HoldEndOfInput"/>
    internal void HoldEnd(Action ended) => _hold = new(ended);

    /// <inheritdoc cref="Http.IHalfCloseFeature.ReleaseEndOfInput"/>
    internal void ReleaseEnd()
    {
        EndOfInputHold? hold = _hold;
        _hold = null;
        hold?.Release();
    }

    private ReadResult Hide(ReadResult result)
    {
        _buffer = result.Buffer;
        return result.IsCompleted && _buffer.Length > _examined ? new(_buffer, result.IsCanceled, isCompleted: false) : result;
    }
}
