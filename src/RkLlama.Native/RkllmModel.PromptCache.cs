using RkLlama.Native.Interop;

namespace RkLlama.Native;

/// <content>Prompt cache files: the KV cache of a prompt on the disk.</content>
public sealed partial class RkllmModel
{
    // Whether a prompt cache file is loaded and not released.
    private bool _hasPromptCache;

    /// <summary>
    /// Reads a file of <see cref="SavePromptCache"/> into the KV cache. Call it at most once, before the first run: some library versions crash if the process has
    /// saved a file before. A damaged file can crash the process.
    /// </summary>
    /// <returns><see langword="false"/> if the library refused the file; it prints the reason to stdout.</returns>
    public bool LoadPromptCache(string path) => _hasPromptCache = Rkllm.rkllm_load_prompt_cache(_handle, path) == 0;

    /// <summary>
    /// Clears the KV cache, processes the tokens, generates one token, and makes the library save its KV cache to a file. Before version 1.3.0, the run is aborted
    /// after its first token, and may generate some more. Blocks until the run has ended. Some architectures save nothing, and report success.
    /// </summary>
    /// <param name="tokens">At least one token.</param>
    /// <param name="path">The library creates or overwrites this file. If the run fails or is aborted, the file may be incomplete.</param>
    /// <returns>The generated tokens, which the file may contain after <paramref name="tokens"/>.</returns>
    /// <exception cref="RkllmException">The run failed, or the file could not be written.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled and has ended.</exception>
    /// <exception cref="InvalidOperationException">Another run is active.</exception>
    public IReadOnlyList<int> SavePromptCache(IReadOnlyList<int> tokens, string path, CancellationToken cancellationToken)
    {
        ClearKvCache();
        return GenerateOne(tokens, path, cancellationToken);
    }

    /// <summary>
    /// Processes the tokens, of which the library reuses those at the beginning that are in the KV cache, and generates one token. Before version 1.3.0, the run is aborted after its first
    /// token, and may generate some more. Blocks until the run has ended. The KV cache then contains the tokens and those that were generated.
    /// </summary>
    /// <param name="tokens">At least one token.</param>
    /// <returns>The generated tokens.</returns>
    /// <exception cref="RkllmException">The run failed.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled and has ended.</exception>
    /// <exception cref="InvalidOperationException">Another run is active.</exception>
    public IReadOnlyList<int> Process(IReadOnlyList<int> tokens, CancellationToken cancellationToken) => GenerateOne(tokens, null, cancellationToken);

    private List<int> GenerateOne(IReadOnlyList<int> tokens, string? cachePath, CancellationToken cancellationToken)
    {
        RkllmRun run = Start(
            RunInput.FromTokens(tokens),
            new(SamplingParameters.Default, MaxNewTokens: 1),
            RKLLMInferMode.Generate,
            int.MaxValue,
            cancellationToken,
            cachePath: cachePath,
            isSingleToken: true);
        List<int> generated = [];
        RunEnd? end = null;
        foreach (RunPiece piece in Read(run, null, cancellationToken))
        {
            end = piece.End;
            if (piece.TokenId >= 0)
                generated.Add(piece.TokenId);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return end is { Reason: not RunEndReason.Error } ? generated : throw new RkllmException(end?.Error ?? "the run has no end");
    }
}
