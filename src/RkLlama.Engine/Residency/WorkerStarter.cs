using System.Diagnostics;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Residency;

/// <summary>
/// Starts and ends single workers of a model, for <see cref="WorkerSupervisor"/>. Checks the model before its first load, and records the results of loads: in
/// the state of the model, in the log, in the metrics and in the fault log. If a worker survives SIGKILL, the model is stuck until that worker has exited.
/// </summary>
/// <param name="domain">The first NPU domain of the model.</param>
/// <param name="ended">Cancelled when the model is unloaded.</param>
internal sealed partial class WorkerStarter(
    ModelInstance model, int domain, IEngine engine, MemoryLedger memory, FaultLog faults, NodeMetrics metrics, ILogger logger, CancellationToken ended)
{
    /// <summary>Starts the first worker and waits until it has loaded the model.</summary>
    /// <param name="previousEnd">Completes when the workers of evicted models have ended.</param>
    /// <exception cref="EngineException">The load failed, or the worker of an evicted model is stuck.</exception>
    internal async Task<IEngineSession> StartAsync(Task previousEnd)
    {
        try
        {
            // If a worker could not be ended, this load can start nevertheless, unless that worker is stuck.
            await previousEnd.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (previousEnd.Exception?.InnerExceptions.OfType<WorkerStuckException>().FirstOrDefault(static stuck => !stuck.Exited.IsCompleted) is { } stuck)
                throw stuck;

            // If this model was still Unloading when the supervisor was created, its change to Loading was refused. Now it is possible.
            model.TryMove(ModelState.Loading);

            // The model is resident now, so if it is deleted after this check, the deletion ends this load.
            if (FileStatus.Of(model.Entry.Directory ?? model.Entry.ModelPath) is null)
                throw new EngineException($"the model {model.Name} no longer exists") { Code = FailureCode.ModelNotFound };
            if (MemoryCheck.FindProblem(model.Entry.ModelPath, memory.Read()?.AvailableBytes) is { } shortage)
                throw new EngineException(shortage) { Code = FailureCode.OutOfMemory };

            // Prompts ends by itself after the load timeout. The end of the model does not wait for that.
            await model.Prompts.WaitAsync(ended).ConfigureAwait(false);
            return await LoadAsync(ModelState.NotLoaded).ConfigureAwait(false);
        }
        catch (DrainingException)
        {
            model.TryMove(ModelState.NotLoaded);
            throw new NoModelException();
        }
        catch (EngineException ex) when (!ended.IsCancellationRequested)
        {
            Log.NotLoaded(logger, model.Name, ex.Message);
            faults.Add(model.Name, ex.Message);
            metrics.RecordModelLoadFailure();
            if (model.State != ModelState.Stuck)
                model.TryMove(ModelState.NotLoaded);
            throw;
        }
    }

    /// <summary>Starts a worker in the place of a dead one and waits until it has loaded the model.</summary>
    /// <exception cref="EngineException">The load failed.</exception>
    internal async Task<IEngineSession> RestartAsync()
    {
        try
        {
            return await LoadAsync(ModelState.Failed).ConfigureAwait(false);
        }
        catch (EngineException ex) when (ex is not WorkerStuckException && !ended.IsCancellationRequested)
        {
            metrics.RecordModelLoadFailure();
            faults.Add(model.Name, ex.Message);
            Log.RestartFailed(logger, model.Name, ex.Message);
            throw;
        }
    }

    /// <summary>Ends the worker of a session.</summary>
    /// <param name="afterwards">The state of the model after a stuck worker has exited. Used only if the worker of the session is stuck.</param>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL.</exception>
    internal async Task EndAsync(IEngineSession session, ModelState afterwards)
    {
        await session.DisposeAsync().ConfigureAwait(false);
        if (session.Stuck is not { } stuck)
            return;

        BecomeStuck(stuck, afterwards);
        throw stuck;
    }

    /// <param name="afterwards">The state of the model after a stuck worker has exited. Used only if the new worker is stuck.</param>
    private async Task<IEngineSession> LoadAsync(ModelState afterwards)
    {
        long start = Stopwatch.GetTimestamp();
        MemoryReading? before = memory.Read();
        IEngineSession session;
        try
        {
            session = await engine.LoadAsync(model.Engine with { NpuDomain = domain, PromptIdentity = model.PromptIdentity }, ended).ConfigureAwait(false);
        }
        catch (WorkerStuckException ex)
        {
            BecomeStuck(ex, afterwards);
            throw;
        }

        TimeSpan took = Stopwatch.GetElapsedTime(start);
        memory.RecordLoad(model, before, memory.Read());
        model.LoadTime = took;
        metrics.RecordModelLoad(model.Name, took);
        Log.Loaded(logger, model.Name, (long)took.TotalMilliseconds, session.Facts.RuntimeVersion, session.Facts.MaxContextLength);
        model.TryBecomeReady(session.Facts, session.ProcessId, session.LoadedPrefix is { } prefix ? KvCacheContents.OfSavedPrefix(prefix) : null);
        return session;
    }

    private void BecomeStuck(WorkerStuckException stuck, ModelState afterwards)
    {
        model.TryMove(ModelState.Stuck, stuck.Message);
        _ = LeaveStuckAsync();

        async Task LeaveStuckAsync()
        {
            await stuck.Exited.ConfigureAwait(false);
            model.TryMove(afterwards, stuck.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Model {Model} loaded in {LoadMs} ms (runtime {Runtime}, context length {ContextLength})")]
        internal static partial void Loaded(ILogger logger, string model, long loadMs, string runtime, int contextLength);

        [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "Model {Model} is not loaded: {Reason}")]
        internal static partial void NotLoaded(ILogger logger, string model, string reason);

        [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "Model {Model} could not be loaded again: {Reason}")]
        internal static partial void RestartFailed(ILogger logger, string model, string reason);
    }
}
