using System.Runtime.InteropServices;
using System.Text;
using RkLlama.Native.Interop;

namespace RkLlama.Native;

/// <summary>
/// A loaded model. All calls of the vendor library for this model go through this class. Its methods may be called on any thread, but only one at a
/// time. Each run has its own thread, because <c>rkllm_run</c> blocks. The library calls the callback on the thread of the run.
/// </summary>
public sealed partial class RkllmModel : IDisposable
{
    private readonly RkllmAbi _abi;
    private readonly RkllmHandle _handle;
    private readonly ModelParameters _parameters;
    private readonly SamplingParameters _sampling;

    // 1 while a run is active, otherwise 0. Start refuses a second run. The caller must serialise all other calls, because no function of the library
    // except rkllm_abort is thread-safe.
    private int _running;

    private RkllmModel(RkllmAbi abi, RkllmHandle handle, ModelParameters parameters, SamplingParameters sampling)
    {
        _abi = abi;
        _handle = handle;
        _parameters = parameters;
        _sampling = sampling;
    }

    /// <summary>Whether the sampling values and the token limit can change per run (library version 1.3.0 and later).</summary>
    public bool HasPerRunSampling => _abi.HasPerRunSampling;

    /// <summary>Loads a model into NPU memory. Blocks until the model is loaded, which takes seconds.</summary>
    /// <exception cref="RkllmException">The library cannot load the model. The library prints the reason to stdout.</exception>
    public static unsafe RkllmModel Load(RkllmLibrary library, ModelParameters parameters)
    {
        RkllmAbi abi = library.Abi;
        RkllmParamBuffer param = Rkllm.rkllm_createDefaultParam();
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<RkllmParamBuffer>(ref param));

        // The callback struct and the path must stay valid until rkllm_init returns. The library copies the struct.
        Span<byte> callback = stackalloc byte[RkllmAbi.SmallBufferSize];
        callback.Clear();
        RkllmBuffers.WritePointer(callback, 0, (nint)RkllmRun.Callback);
        byte[][] tags = TagsOf(parameters);
        fixed (byte* path = ToNulTerminatedUtf8(parameters.ModelPath))
        fixed (byte* start = tags[0], end = tags[1], content = tags[2])
        fixed (byte* callbackStruct = callback)
        {
            RkllmBuffers.WriteParam(bytes, abi, parameters, (nint)path, BaseDomainId(library.Identity, parameters));
            if (parameters.ImageTags is not null)
                RkllmBuffers.WriteImageTags(bytes, abi.RKLLMParam, (nint)start, (nint)end, (nint)content);
            void* callbackArgument = abi.HasPerRunSampling ? callbackStruct : RkllmRun.Callback;
            int status = Rkllm.rkllm_init(out RkllmHandle handle, &param, callbackArgument);
            if (status != 0 || handle.IsInvalid)
            {
                handle.SetHandleAsInvalid();
                throw new RkllmException($"the runtime could not load the model (rkllm_init returned {status})");
            }

            return new(abi, handle, parameters, RkllmBuffers.ReadSampling(bytes, abi.RKLLMParam));
        }
    }

    // Library versions before 1.2.2 crash with a value other than 0.
    private static int BaseDomainId(RuntimeIdentity identity, ModelParameters parameters) =>
        identity.Family >= RuntimeFamily.V130 || identity.Version is "1.2.2" or "1.2.3" ? parameters.NpuDomain : 0;

    /// <summary>
    /// Disables the library's own chat template, so that the library uses text input unchanged. Also clears the KV cache. Has no effect before library
    /// version 1.2.0: these versions have no chat template.
    /// </summary>
    /// <returns><see langword="false"/> if the call of the library failed; otherwise <see langword="true"/>.</returns>
    public bool DisableChatTemplate() => !_abi.HasChatTemplate || Rkllm.rkllm_set_chat_template(_handle, "", "", "") == 0;

    /// <summary>
    /// Clears the KV cache, and releases the prompt cache file if one is loaded. Must not be called during a run. Before library version 1.2.0, the library keeps
    /// no cache between runs, except a loaded file.
    /// </summary>
    /// <exception cref="RkllmException">The call of the library failed.</exception>
    public unsafe void ClearKvCache()
    {
        if (_hasPromptCache)
        {
            _hasPromptCache = false;
            RkllmException.ThrowIfFailed(Rkllm.rkllm_release_prompt_cache(_handle), nameof(Rkllm.rkllm_release_prompt_cache));
        }

        if (_abi.HasChatTemplate)
            RkllmException.ThrowIfFailed(Rkllm.rkllm_clear_kv_cache(_handle, 0, null, null), nameof(Rkllm.rkllm_clear_kv_cache));
    }

    /// <summary>
    /// Starts a run immediately and returns its pieces as the library produces them. The caller must enumerate the result once. The enumeration blocks
    /// until the next piece is available. The last piece has <see cref="RunPiece.End"/>. If the caller ends the enumeration early, the run is aborted, and
    /// the enumerator waits for the end of the run. If the run fails, the last piece has <see cref="RunEndReason.Error"/>; no exception is thrown.
    /// </summary>
    /// <param name="cancellationToken">Aborts the run. The enumeration then continues up to the last piece, without an exception.</param>
    /// <param name="beforeWait">Called on the enumerating thread each time before it waits for the library; <see langword="null"/> for
    /// none.</param>
    /// <exception cref="InvalidOperationException">Another run is active.</exception>
    public IEnumerable<RunPiece> Generate(RunInput input, RunParameters parameters, CancellationToken cancellationToken, Action? beforeWait = null)
    {
        int maxNewTokens = _abi.HasPerRunSampling ? parameters.MaxNewTokens ?? _parameters.MaxNewTokens : _parameters.MaxNewTokens;
        return Read(Start(input, parameters, RKLLMInferMode.Generate, maxNewTokens, cancellationToken), beforeWait, cancellationToken);
    }

    /// <summary>
    /// Runs an embedding model on an input and returns the output of the model's last hidden layer. Blocks until the run has ended.
    /// </summary>
    /// <exception cref="RkllmException">The run failed, or the library returned no hidden states.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled and has ended.</exception>
    /// <exception cref="InvalidOperationException">Another run is active.</exception>
    public HiddenStates Embed(RunInput input, CancellationToken cancellationToken)
    {
        RkllmRun run = Start(input, RunParameters.Default, RKLLMInferMode.GetLastHiddenLayer, _parameters.MaxNewTokens, cancellationToken);
        RunEnd? end = Read(run, null, cancellationToken).Last().End;

        cancellationToken.ThrowIfCancellationRequested();
        return run.HiddenStates ?? throw new RkllmException(end?.Error ?? "the runtime returned no hidden states: this model is not an embedding model");
    }

    /// <summary>
    /// Runs the model on an input, and returns the logits of some tokens as the next token: how likely the model writes them next. Generates no text. Blocks until the
    /// run has ended. The library needs memory for the logits of the whole vocabulary for each token of the input: 4 bytes each.
    /// </summary>
    /// <param name="tokens">Ids of tokens, at least one.</param>
    /// <returns>One logit for each of <paramref name="tokens"/>.</returns>
    /// <exception cref="RkllmException">
    /// The run failed, the library returned no logits, an id is not in the vocabulary, or the library is older than version 1.2.0.
    /// </exception>
    /// <exception cref="OperationCanceledException">The run was cancelled and has ended.</exception>
    /// <exception cref="InvalidOperationException">Another run is active.</exception>
    public float[] Score(RunInput input, IReadOnlyList<int> tokens, CancellationToken cancellationToken)
    {
        if (!_abi.HasLogits)
            throw new RkllmException("this version of the runtime returns no logits: version 1.2.0 or later is needed");

        float[] logits = new float[tokens.Count];
        RkllmRun run = Start(input, new(SamplingParameters.Default, MaxNewTokens: 1), RKLLMInferMode.GetLogits, 1, cancellationToken, ([.. tokens], logits));
        RunEnd? end = Read(run, null, cancellationToken).Last().End;

        cancellationToken.ThrowIfCancellationRequested();
        return run.HasLogits ? logits : throw new RkllmException(end?.Error ?? "the runtime returned no logits");
    }

    private static IEnumerable<RunPiece> Read(RkllmRun run, Action? beforeWait, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.Register(static state => ((RkllmRun)state!).Cancel(), run);
        bool ended = false;
        try
        {
            // This loop continues after an abort, because the run is still active until its last piece arrives.
            while (true)
            {
                while (run.TryRead(out RunPiece piece))
                {
                    ended = piece.End is not null;
                    yield return piece;
                }

                beforeWait?.Invoke();
                if (!run.WaitToRead())
                    break;
            }
        }
        finally
        {
            if (!ended)
            {
                run.Cancel();
                while (run.WaitToRead())
                    run.TryRead(out _);
            }
        }
    }

    private RkllmRun Start(
        RunInput input,
        RunParameters parameters,
        RKLLMInferMode mode,
        int maxNewTokens,
        CancellationToken cancellationToken,
        (int[] Tokens, float[] Logits)? scores = null,
        string? cachePath = null,
        bool isSingleToken = false)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        CheckImages(input);
        if (Interlocked.Exchange(ref _running, 1) != 0)
            throw new InvalidOperationException("A run is in progress on this model.");

        RkllmRun run = new(_abi, mode, maxNewTokens, Abort) { Scores = scores, CachePath = cachePath, IsSingleToken = isSingleToken };
        if (cancellationToken.IsCancellationRequested)
            run.Cancel();

        new Thread(() => RunAndComplete(run, input, parameters, mode)) { Name = "rkllm_run", IsBackground = true }.Start();
        return run;
    }

    private void RunAndComplete(RkllmRun run, RunInput input, RunParameters parameters, RKLLMInferMode mode)
    {
        try
        {
            int status = run.IsCancelled ? 0 : Run(run, input, parameters, mode);
            Volatile.Write(ref _running, 0);
            run.Complete(status);
        }
        catch (Exception ex)
        {
            Volatile.Write(ref _running, 0);
            run.Fail(ex);
        }
    }

    private void Abort()
    {
        // Any thread may call this during a run: rkllm_abort is the only thread-safe function of the library.
        if (!_handle.IsClosed)
            _ = Rkllm.rkllm_abort(_handle);
    }

    /// <summary>
    /// Unloads the model. Must not be called during a run, because the library would hang or crash.
    /// </summary>
    /// <exception cref="InvalidOperationException">A run is active.</exception>
    public void Dispose()
    {
        if (Volatile.Read(ref _running) != 0)
            throw new InvalidOperationException("The model is in use; abort the run and wait for its end first.");

        _handle.Dispose();
    }

    // Replaces NUL characters by U+FFFD, because a NUL would end the C string, and the library would ignore the rest of the text.
    private static byte[] ToNulTerminatedUtf8(string text) => Encoding.UTF8.GetBytes(text.Replace('\0', '\uFFFD') + '\0');
}
