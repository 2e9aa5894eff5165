using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using RkLlama.Native.Interop;

namespace RkLlama.Native;

/// <summary>
/// One run of the library. Converts each callback of the library to a <see cref="RunPiece"/>. The library calls the callback on the thread that called
/// <c>rkllm_run</c>. One other thread reads the pieces; it blocks while none is available.
/// </summary>
#pragma warning disable CA1001 // the event creates no wait handle, because nothing reads its WaitHandle property
internal sealed class RkllmRun
#pragma warning restore CA1001
{
    // Maximum size of the text of one callback. Real tokens have a few bytes.
    private const int MaxTextBytes = 64 << 10;

    private readonly RkllmAbi _abi;
    private readonly RKLLMInferMode _mode;
    private readonly int _maxNewTokens;
    private readonly Action _abort;
    private readonly Utf8Assembler _text = new();

    // Unbounded, so that a slow reader never blocks the thread in rkllm_run. It stays small, because max_new_tokens limits the number of pieces. The
    // continuation may run synchronously, because it only wakes the reader. The thread pool would cost more time than the rest of the work for a token.
    private readonly Channel<RunPiece> _pieces = Channel.CreateUnbounded<RunPiece>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });

    // No spinning, because the next token arrives only after some milliseconds.
    private readonly ManualResetEventSlim _pieceAvailable = new(initialState: false, spinCount: 0);

    // Only the run's own thread uses these fields. Exception: other threads also use _cancelled.
    private volatile bool _cancelled;
    private int _tokens;
    private bool _lastWasEmpty;
    private bool _finished;
    private bool _hasLogits;
    private RunStatistics? _statistics;
    private string? _error;

    /// <param name="maxNewTokens">The token limit of the run, at least 1.</param>
    /// <param name="abort">Calls <c>rkllm_abort</c> for the model of this run. Called on any thread, also inside the library's callback.</param>
    internal RkllmRun(RkllmAbi abi, RKLLMInferMode mode, int maxNewTokens, Action abort)
    {
        _abi = abi;
        _mode = mode;
        _maxNewTokens = maxNewTokens;
        _abort = abort;
    }

    /// <summary>Reads the next piece without waiting; returns false if none is available.</summary>
    internal bool TryRead(out RunPiece piece) => _pieces.Reader.TryRead(out piece);

    /// <summary>Blocks until a piece is available. Called by the reading thread only.</summary>
    /// <returns><see langword="false"/> if the run has ended and all pieces have been read.</returns>
    internal bool WaitToRead()
    {
#pragma warning disable CA2012 // consumed once, below; this thread must block, not await
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

    /// <summary>The hidden states of an embedding run; null if the library has not delivered them, and for other runs.</summary>
    internal HiddenStates? HiddenStates { get; private set; }

    /// <summary>
    /// For a run with <see cref="RKLLMInferMode.GetLogits"/>: token ids, in place of which the run writes the logits of these tokens. Null for other runs.
    /// </summary>
    internal (int[] Tokens, float[] Logits)? Scores { get; init; }

    /// <summary>The file in which the library saves its KV cache at the end of the run; null for none.</summary>
    internal string? CachePath { get; init; }

    /// <summary>Whether the run ends after its first token: it is aborted then, if the library version has no token limit per run.</summary>
    internal bool IsSingleToken { get; init; }

    /// <summary>Whether the library has delivered the logits of all <see cref="Scores"/>.</summary>
    internal bool HasLogits => _hasLogits;

    internal bool IsCancelled => _cancelled;

    /// <summary>
    /// Aborts the run. The library ignores an abort that it receives before the run has started, so each later callback repeats the abort.
    /// </summary>
    internal void Cancel()
    {
        _cancelled = true;
        _abort();
    }

    /// <summary>
    /// The address of the callback function, of the C type <c>int (*)(RKLLMResult*, void*, LLMCallState)</c>. Library versions whose callback returns
    /// <c>void</c> ignore the return value.
    /// </summary>
    internal static unsafe void* Callback => (delegate* unmanaged[Cdecl]<byte*, void*, LLMCallState, int>)&OnResult;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe int OnResult(byte* result, void* userdata, LLMCallState state)
    {
        RkllmRun run = GCHandle<RkllmRun>.FromIntPtr((nint)userdata).Target;
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

    /// <returns>
    /// The return value of the callback. From library version 1.3.0 on, 2 after hidden states and logits, so that the library frees its buffer. Otherwise 0. Never
    /// 1, because 1 pauses the run.
    /// </returns>
    private unsafe int Handle(byte* result, LLMCallState state)
    {
        if ((_cancelled || _error is not null) && state is LLMCallState.Normal or LLMCallState.Waiting)
            _abort();

        switch (state)
        {
            case LLMCallState.Normal or LLMCallState.GetLastHiddenLayer when _mode == RKLLMInferMode.GetLastHiddenLayer:
                return CopyHiddenStates(result) && _abi.HasPerRunSampling ? 2 : 0;

            case LLMCallState.Normal when Scores is { } scores:
                if (!_hasLogits)
                {
                    _hasLogits = CopyLogits(result, scores.Tokens, scores.Logits);

                    // Without an abort, the library would continue and generate text.
                    _abort();
                }

                return _abi.HasPerRunSampling ? 2 : 0;

            case LLMCallState.Normal:
                ReadOnlySpan<byte> text = TextOf(result);
                _lastWasEmpty = text.IsEmpty;
                Add(result, _text.Append(text));
                if (IsSingleToken && !_abi.HasPerRunSampling)
                    _abort();
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
        int token = result == null ? -1 : *(int*)(result + _abi.RKLLMResult.token_id);
        _tokens++;
        _pieces.Writer.TryWrite(new(token, text));

        // After a run that reaches its token limit, the library may continue its answer in the next run. An abort prevents that.
        if (_tokens == _maxNewTokens)
            _abort();
    }

    /// <summary>Returns the text of a callback. If it is too long, fails the run and returns nothing.</summary>
    private unsafe ReadOnlySpan<byte> TextOf(byte* result)
    {
        byte* text = result == null ? null : *(byte**)(result + _abi.RKLLMResult.text);
        ReadOnlySpan<byte> bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text);
        if (bytes.Length <= MaxTextBytes)
            return bytes;
        _error ??= $"the runtime returned a text of {bytes.Length} bytes for one token";
        _abort();
        return default;
    }

    // Some library versions call the callback without data before the call that has the hidden states.
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

    /// <summary>Copies the logits of some tokens for the token that follows the prompt: they are in the last row of the first callback with data.</summary>
    private unsafe bool CopyLogits(byte* result, int[] tokens, float[] logits)
    {
        if (result == null)
            return false;

        ReadOnlySpan<byte> rows = new(result + _abi.RKLLMResult.logits, RKLLMResultLogitsLayout.size);
        nint values = RkllmBuffers.ReadPointer(rows, RKLLMResultLogitsLayout.logits);
        int width = RkllmBuffers.ReadInt(rows, RKLLMResultLogitsLayout.vocab_size);
        int count = RkllmBuffers.ReadInt(rows, RKLLMResultLogitsLayout.num_tokens);
        if (values == 0 || count <= 0 || tokens.Any(token => token < 0 || token >= width))
            return false;

        float* last = (float*)values + ((long)width * (count - 1));
        for (int i = 0; i < tokens.Length; i++)
            logits[i] = last[tokens[i]];
        return true;
    }

    /// <summary>
    /// Writes the last piece of the run. Called after <c>rkllm_run</c> has returned, or if the run was cancelled before the call. The FINISH callback
    /// does not end the run, because the NPU stays busy until <c>rkllm_run</c> returns.
    /// </summary>
    /// <param name="status">The return value of <c>rkllm_run</c>; 0 if it was not called.</param>
    internal void Complete(int status)
    {
        ReadOnlyMemory<byte> rest = _text.Flush();
        if (!rest.IsEmpty)
            _pieces.Writer.TryWrite(new(-1, rest));

        // The end-of-text token arrives as a last NORMAL callback without text and does not count. An answer that ends at the token limit has no such token.
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

    /// <summary>Ends the run with an error after an exception on the run's thread.</summary>
    internal void Fail(Exception ex)
    {
        _error ??= ex.Message;
        Complete(-1);
    }
}
