using System.Diagnostics;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Prefixes;

/// <summary>
/// An engine that also loads the saved prefix of each model that it loads, before the first run of the worker. If the worker crashes meanwhile, loads the model once
/// more without the prefix. Thread-safe.
/// </summary>
internal sealed class PrefixLoadingEngine(IEngine engine, PrefixStore store) : IEngine
{
    /// <inheritdoc/>
    public Task<string?> ProbeAsync() => engine.ProbeAsync();

    /// <inheritdoc/>
    public void ReportEncoderLibrary() => engine.ReportEncoderLibrary();

    /// <inheritdoc/>
    public async Task<IEngineSession> LoadAsync(ModelLoadParameters model, CancellationToken cancellationToken)
    {
        if (model.PromptIdentity is null || !store.IsOn)
            return await engine.LoadAsync(model, cancellationToken).ConfigureAwait(false);

        // The check reads the whole file, so it runs while the runtime reads the model.
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<SavedPrefix?> check = Task.Factory.StartNew(
            () => store.Find(model, ended.Token), ended.Token, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
        IEngineSession session;
        try
        {
            session = await engine.LoadAsync(model, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await ((Task)check).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        try
        {
            SavedPrefix? prefix = await check.ConfigureAwait(false);
            if (prefix is null || await TryLoadAsync(session, prefix, cancellationToken).ConfigureAwait(false))
                return session;
        }
        catch
        {
            await EndAsync(session).ConfigureAwait(false);
            throw;
        }

        await EndAsync(session).ConfigureAwait(false);
        return await engine.LoadAsync(model, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Loads a prefix, if it fits the loaded model.</summary>
    /// <returns><see langword="false"/> if the worker has crashed.</returns>
    private async Task<bool> TryLoadAsync(IEngineSession session, SavedPrefix prefix, CancellationToken cancellationToken)
    {
        PrefixIdentity saved = prefix.Sidecar.Identity, current = saved.With(session.Facts);
        if (saved.FindDifference(current) is { } difference)
        {
            store.Refuse(saved.Model, difference);
            return true;
        }

        // After a crash, the file still exists if it could not be deleted.
        if (store.IsDisabled(current))
            return true;

        long start = Stopwatch.GetTimestamp();
        switch (await session.LoadPrefixAsync(prefix.Path, prefix.Sidecar.AllTokens, () => store.DisableAfterCrash(current), cancellationToken).ConfigureAwait(false))
        {
            case PrefixLoadResult.Loaded:
                store.RecordLoad(prefix, Stopwatch.GetElapsedTime(start));
                return true;
            case PrefixLoadResult.Refused:
                store.Refuse(saved.Model, "was refused by the runtime");
                return true;
            default:
                store.DisableAfterCrash(current);
                return false;
        }
    }

    private static async Task EndAsync(IEngineSession session)
    {
        await session.DisposeAsync().ConfigureAwait(false);
        if (session.Stuck is { } stuck)
            throw stuck;
    }
}
