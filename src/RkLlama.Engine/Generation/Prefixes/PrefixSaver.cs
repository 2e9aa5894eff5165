using Microsoft.Extensions.Hosting;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Prefixes;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation.Prefixes;

/// <summary>
/// Saves the most used prefix of each loaded model, when the NPU has been idle for a moment. A request that arrives meanwhile waits at most for the prefill of the prefix and
/// for the file. The saving run is not aborted for it, because the vendor library ends an aborted run only after the prefill, and also writes the file.
/// </summary>
internal sealed partial class PrefixSaver(
    PrefixTracker tracker, PrefixStore store, ModelHost host, RunQueue queue, CpuPool cpu, NodeOptions options, TimeProvider time, ILogger<PrefixSaver> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await tracker.WaitAsync(stoppingToken).ConfigureAwait(false);
                await WaitUntilIdleAsync(stoppingToken).ConfigureAwait(false);
                foreach ((ModelInstance model, PrefixCounts counts) in tracker.All())
                    await SaveAsync(model, counts, stoppingToken).ConfigureAwait(false);
            }
            catch (Exception ex) when (ex is OperationCanceledException or DrainingException)
            {
                // The server stops, or the model was unloaded. The loop checks which.
            }
            catch (Exception ex) when (ex is EngineException or NoModelException or IOException or InvalidOperationException or InsufficientMemoryException)
            {
                Log.Stopped(logger, ex.Message);
            }
        }
    }

    /// <summary>Waits until there has been no request for <see cref="NodeOptions.PrefixIdleTime"/>.</summary>
    private async Task WaitUntilIdleAsync(CancellationToken stoppingToken)
    {
        int requests;
        do
        {
            await queue.WhenIdleAsync(Timeout.InfiniteTimeSpan, stoppingToken).ConfigureAwait(false);
            requests = tracker.Requests;
            await Task.Delay(options.PrefixIdleTime, time, stoppingToken).ConfigureAwait(false);
        }
        while (requests != tracker.Requests || queue.IsBusy);
    }

    private async Task SaveAsync(ModelInstance model, PrefixCounts counts, CancellationToken stoppingToken)
    {
        if (!IsLoaded(model) || counts.Choose(store.TokensOf(model.Name)) is not { } beginning)
            return;
        if (beginning.Sample is { } sample)
        {
            if (await ComputeAsync(model, sample, stoppingToken).ConfigureAwait(false) is { } computed)
                counts.SetTokens(beginning, computed);
            else
                counts.Reject(beginning);
        }

        // With its tokens, the beginning may be the saved one.
        if (counts.Choose(store.TokensOf(model.Name)) is not { Tokens: { } tokens } chosen)
            return;
        if (await TrySaveAsync(model, tokens, stoppingToken).ConfigureAwait(false) == false)
            counts.Reject(chosen);
    }

    private async Task<int[]?> ComputeAsync(ModelInstance model, PrefixSample sample, CancellationToken stoppingToken)
    {
        PromptBuilder prompts = await model.Prompts.WaitAsync(stoppingToken).ConfigureAwait(false);
        try
        {
            return await cpu.RunAsync(
                model.Name, 2 * CpuPool.PromptTime, budget => FixedPrefix.Compute(prompts, sample, new(model.ContextLength, budget)), stoppingToken).ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is PromptException or PromptTooLongException)
        {
            return null;
        }
    }

    /// <returns>Whether the prefix is saved; <see langword="null"/> if the model was busy or gone, so that another attempt may succeed.</returns>
    private async Task<bool?> TrySaveAsync(ModelInstance model, int[] tokens, CancellationToken stoppingToken)
    {
        if (model.Facts is not { } facts || PrefixIdentity.Of(model.Engine with { PromptIdentity = model.PromptIdentity })?.With(facts) is not { } identity)
            return null;
        if (store.IsDisabled(identity) || store.Prepare(model.Name, tokens.Length) is not { } file)
            return false;

        List<int>? generated = null;
        bool hasRun = false;
        try
        {
            using QueueSlot? slot = queue.TryEnter(model.Name);

            // Of several KV slots, the one that was used least recently: the run replaces the contents of its cache.
            Resident? worker = host.ReadyWorkers(model.Name).Where(resident => resident.Model.First == model).MinBy(static resident => resident.Model.LastRun);
            if (slot is not null && worker is not null)
            {
                hasRun = true;
                generated = await RunAsync(worker, tokens, file, identity, stoppingToken).ConfigureAwait(false);
            }
        }
        finally
        {
            if (generated is null)
                store.Delete(file);
        }

        // The slot is free: the hash of the file takes longer than a request should wait.
        if (generated is not null)
            return await Task.Run(() => store.Commit(identity, file, tokens, [.. generated], () => !model.IsRemoved), CancellationToken.None).ConfigureAwait(false);
        return hasRun ? false : null;
    }

    /// <summary>Runs the model on the prefix. The caller holds the queue slot.</summary>
    /// <returns>The generated tokens; <see langword="null"/> if the run failed.</returns>
    private async Task<List<int>?> RunAsync(Resident worker, int[] tokens, string file, PrefixIdentity identity, CancellationToken stoppingToken)
    {
        ModelInstance model = worker.Model;
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, model.Unloaded);
        try
        {
            EngineRun run = await worker.Supervisor.StartRunAsync(session => session.StartSavingPrefix(tokens, file), ended.Token).ConfigureAwait(false);
            model.TryMove(ModelState.Running);
            model.KvCache = null;
            RunOutcome outcome;
            using (ended.Token.Register(() => run.Abort(AbortCause.Unloaded)))
                outcome = await run.Completion.ConfigureAwait(false);
            model.EndRun();
            if (outcome.Death is WorkerDeath.Crash or WorkerDeath.Hang)
                store.DisableAfterCrash(identity);
            if (outcome.End.Reason is RunEndReason.Stop or RunEndReason.Length)
            {
                List<int> generated = await GeneratedBy(run).ConfigureAwait(false);
                model.KvCache = new(RunInput.FromTokens(tokens), tokens.Length, generated, "");
                return generated;
            }

            if (!ended.IsCancellationRequested)
                store.Drop(model.Name, outcome.End.Error ?? "the run was aborted");
            return null;
        }
        catch (Exception ex) when (ex is EngineException or NoModelException)
        {
            Log.Failed(logger, model.Name, ex.Message);
            return null;
        }
    }

    private static async Task<List<int>> GeneratedBy(EngineRun run)
    {
        List<int> generated = [];
        await foreach (EngineToken[] together in run.Tokens.ReadAllAsync().ConfigureAwait(false))
            generated.AddRange(together.Select(static token => token.TokenId));
        return generated;
    }

    private bool IsLoaded(ModelInstance model) => model.State == ModelState.Ready && !model.IsRemoved && host.FindResident(model.Name) == model;

    private static partial class Log
    {
        [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "A beginning of prompts is not saved: {Reason}")]
        internal static partial void Stopped(ILogger logger, string reason);

        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Model {Model}: the beginning of its prompts is not saved: {Reason}")]
        internal static partial void Failed(ILogger logger, string model, string reason);
    }
}
