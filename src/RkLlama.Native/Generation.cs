using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using RkLlama.Native.Interop;

namespace RkLlama.Native;

/// <summary>
/// One run of the library: its callbacks become pieces, and it ends exactly once. The callback runs on the thread that is inside
/// <c>rkllm_run</c>; the pieces are read by one other thread, which waits for them.
/// </summary>
#pragma warning disable CA1001 // the event has no handle as long as nobody asks for it
internal sealed class Generation
#pragma warning restore CA1001
{
    private readonly RkllmAbi _abi;
    private readonly RKLLMInferMode _mode;
    private readonly int _maxNewTokens;
    private readonly Action _abort;
    private readonly Utf8Assembler _text = new();

    // One run brings at most max_new_tokens pieces, so the channel is bounded by the run and a slow reader never holds the NPU's thread. All that
    // ever continues on that thread is waking the reader: a hop through the thread pool would cost more than the token itself.
    private readonly Channel<GenerationPiece> _pieces = Channel.CreateUnbounded<GenerationPiece>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });

    // Not spun on: the next token is an eternity away.
    private readonly ManualResetEventSlim _pieceAvailable = new(initialState: false, spinCount: 0);

    // Touched by the run's thread only, except _cancelled.
    private volatile bool _cancelled;
    private int _tokens;
    private bool _lastWasEmpty;
    private bool _finished;
    private RunStatistics? _statistics;
    private string? _error;

    /// <param name="abort">Calls <c>rkllm_abort</c> for this run's handle; allowed from inside the callback.</param>
    internal Generation(RkllmAbi abi, RKLLMInferMode mode, int maxNewTokens, Action abort)
    {
        _abi = abi;
        _mode = mode;
        _maxNewTokens = maxNewTokens;
        _abort = abort;
    }

    /// <summary>The next piece, if it is there.</summary>
    internal bool TryRead(out GenerationPiece piece) => _pieces.Reader.TryRead(out piece);

    /// <summary>Blocks until there is a piece. For the one thread that reads.</summary>
    /// <returns><see langword="false"/> when the library is done with the run and all pieces have been read.</returns>
    internal bool WaitToRead()
    {
#pragma warning disable CA2012 // consumed once, below; a thread cannot await
        ConfiguredValueTaskAwaitable<bool>.ConfiguredValueTaskAwaiter more = _pieces.Reader.WaitToReadAsync().ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
        if (!more.IsCompleted)
        {
            _pieceAvailable.Reset();
            more.UnsafeOnCompleted(_pieceAvailable.Set);
            _pieceAvailable.Wait();
        }

        return more.GetResult();
    }

    /// <summary>Set by the first callback that brings hidden states.</summary>
    internal HiddenStates? HiddenStates { get; private set; }

    internal bool IsCancelled => _cancelled;

    /// <summary>
    /// Asks the library to stop. An abort that comes before the library has begun would be lost, so the callback repeats it while the run goes on.
    /// </summary>
    internal void Cancel()
    {
        _cancelled = true;
        _abort();
    }

    /// <summary>The address the library calls: <c>int (*)(RKLLMResult*, void*, LLMCallState)</c>, harmless where it expects no return value.</summary>
    internal static unsafe void* Callback => (delegate* unmanaged[Cdecl]<byte*, void*, LLMCallState, int>)&OnResult;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe int OnResult(byte* result, void* userdata, LLMCallState state)
    {
        Generation run = GCHandle<Generation>.FromIntPtr((nint)userdata).Target;
        try
        {
            return run.Handle(result, state);
        }
        catch (Exception ex)
        {
            run._error ??= $"the result could not be read: {ex.Message}";
            return 0;
        }
    }

    /// <returns>0 always, except for hidden states from 1.3 on, where 2 lets the library free its buffer. Never 1: that pauses the run.</returns>
    private unsafe int Handle(byte* result, LLMCallState state)
    {
        if (_cancelled && state is LLMCallState.Normal or LLMCallState.Waiting)
            _abort();

        switch (state)
        {
            case LLMCallState.Normal or LLMCallState.GetLastHiddenLayer when _mode == RKLLMInferMode.GetLastHiddenLayer:
                return CopyHiddenStates(result) && _abi.HasPerRunSampling ? 2 : 0;

            case LLMCallState.Normal:
                ReadOnlySpan<byte> text = TextOf(result);
                _lastWasEmpty = text.IsEmpty;
                Add(result, _text.Append(text));
                return 0;

            case LLMCallState.Waiting:
                _lastWasEmpty = false;
                _text.Hold(TextOf(result));
                Add(result, default);
                return 0;

            case LLMCallState.Finish:
                _finished = true;
                if (result != null && _abi.HasStatistics)
                    _statistics = RkllmBuffers.ReadStatistics(new(result + _abi.RKLLMResult.perf, RKLLMPerfStatLayout.size));
                return 0;

            default:
                _error ??= "the runtime reported an error";
                return 0;
        }
    }

    private unsafe void Add(byte* result, ReadOnlyMemory<byte> text)
    {
        int token = result == null ? 0 : *(int*)(result + _abi.RKLLMResult.token_id);
        _tokens++;
        _pieces.Writer.TryWrite(new(token, text));

        // A run that ends at its bound may leave the rest of its answer to the next one, which an abort prevents.
        if (_tokens == _maxNewTokens)
            _abort();
    }

    private unsafe ReadOnlySpan<byte> TextOf(byte* result)
    {
        byte* text = result == null ? null : *(byte**)(result + _abi.RKLLMResult.text);
        return MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text);
    }

    // Versions differ in how many callbacks come without data before the one that has it.
    private unsafe bool CopyHiddenStates(byte* result)
    {
        if (result == null || HiddenStates is not null)
            return false;

        ReadOnlySpan<byte> layer = new(result + _abi.RKLLMResult.last_hidden_layer, RKLLMResultLastHiddenLayerLayout.size);
        nint values = RkllmBuffers.ReadPointer(layer, RKLLMResultLastHiddenLayerLayout.hidden_states);
        int width = RkllmBuffers.ReadInt(layer, RKLLMResultLastHiddenLayerLayout.embd_size);
        int tokens = RkllmBuffers.ReadInt(layer, RKLLMResultLastHiddenLayerLayout.num_tokens);
        if (values == 0 || width <= 0 || tokens <= 0)
            return false;

        HiddenStates = new(new ReadOnlySpan<float>((void*)values, checked(width * tokens)).ToArray(), tokens, width);
        return true;
    }

    /// <summary>
    /// Closes the run after <c>rkllm_run</c> returned, or was never called. Only this ends it: a FINISH callback alone does not free the NPU.
    /// </summary>
    /// <param name="status">What <c>rkllm_run</c> returned.</param>
    internal void Complete(int status)
    {
        ReadOnlyMemory<byte> rest = _text.Flush();
        if (!rest.IsEmpty)
            _pieces.Writer.TryWrite(new(-1, rest));

        // The end-of-text token comes as one last NORMAL without text; an answer cut at the limit has none.
        int tokens = _lastWasEmpty && _tokens > 0 ? _tokens - 1 : _tokens;
        (RunEndReason reason, string? error) = (_error, status) switch
        {
            _ when _cancelled => (RunEndReason.Cancelled, null),
            (not null, _) => (RunEndReason.Error, _error),
            _ when tokens >= _maxNewTokens => (RunEndReason.Length, null),
            (null, not 0) => (RunEndReason.Error, $"the runtime refused the run (rkllm_run returned {status})"),
            _ when !_finished => (RunEndReason.Error, "the runtime returned without finishing the answer"),
            _ => (RunEndReason.Stop, (string?)null),
        };
        _pieces.Writer.TryWrite(new(-1, default, new(reason, tokens, _statistics, error)));
        _pieces.Writer.TryComplete();
    }

    internal void Fail(Exception ex)
    {
        _error ??= ex.Message;
        Complete(-1);
    }
}
