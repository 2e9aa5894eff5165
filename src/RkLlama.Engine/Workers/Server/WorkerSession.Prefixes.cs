using RkLlama.Engine.Workers.Protocol;
using RkLlama.Native;

namespace RkLlama.Engine.Workers.Server;

/// <content>Saves the KV cache of a prefix to a file, and loads such a file.</content>
internal sealed partial class WorkerSession
{
    private readonly TaskCompletionSource<bool> _prefixLoaded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guarded by _lock. Called if the worker crashes in its first run after a prefix was loaded; null in all other cases.
    private Action? _onFirstCrash;

    /// <inheritdoc/>
    public EngineRun StartSavingPrefix(IReadOnlyList<int> tokens, string path) =>
        Start(RunInput.FromTokens(tokens), id => _worker.Send(FrameType.SavePrefix, new SavePrefixCommand(id, [.. tokens], path), WorkerJson.Default.SavePrefixCommand));

    /// <inheritdoc/>
    public IReadOnlyList<int>? LoadedPrefix { get; private set; }

    /// <inheritdoc/>
    public async Task<PrefixLoadResult> LoadPrefixAsync(string path, IReadOnlyList<int> tokens, Action onCrash, CancellationToken cancellationToken)
    {
        try
        {
            _worker.Send(FrameType.LoadPrefix, new LoadPrefixCommand(path, [.. tokens]), WorkerJson.Default.LoadPrefixCommand);
            await Task.WhenAny(_prefixLoaded.Task, _died.Task).WaitAsync(_settings.LoadTime, _settings.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is IOException or TimeoutException)
        {
            return PrefixLoadResult.Crashed;
        }

        if (!_prefixLoaded.Task.IsCompleted)
            return PrefixLoadResult.Crashed;
        if (!await _prefixLoaded.Task.ConfigureAwait(false))
            return PrefixLoadResult.Refused;
        lock (_lock)
            _onFirstCrash = onCrash;
        LoadedPrefix = tokens;
        return PrefixLoadResult.Loaded;
    }
}
