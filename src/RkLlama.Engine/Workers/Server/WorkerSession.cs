using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using RkLlama.Engine.Workers.Protocol;
using RkLlama.Native;

namespace RkLlama.Engine.Workers.Server;

/// <summary>A session: one worker and its active run. Frames arrive on the frame thread of the worker. All other methods may be called on any thread.</summary>
internal sealed partial class WorkerSession : IEngineSession
{
    private readonly WorkerProcess _worker;
    private readonly WorkerStartup _startup;
    private readonly WorkerSettings _settings;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource<string> _died = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();

    // The model's label in the metrics; set before the first run.
    private KeyValuePair<string, object?> _modelTag;

    // Guarded by _lock: the active run and the state of the worker. A frame whose run id is not that of the active run is late and is dropped. When _exitReason
    // is set, no further run can start.
    private WorkerRun? _run;
    private int _lastRunId;
    private string? _exitReason;
    private string? _killReason;
    private bool _disposing;

    // Set if the worker survived SIGKILL; never reset.
    private volatile bool _isUnkillable;

    internal WorkerSession(WorkerSettings settings, ILogger runtimeLogger, ILogger logger)
    {
        _settings = settings;
        _logger = logger;
        _worker = WorkerProcess.Start(settings, runtimeLogger, OnFrame);

        // OnFrame uses _startup. No frame arrives before this assignment, because the worker sends frames only in reply to commands.
        _startup = new(_worker, settings, logger);
        _ = WatchAsync();
    }

    /// <inheritdoc/>
    public LoadedModelInfo Facts { get; private set; } = null!;

    /// <inheritdoc/>
    public int? ProcessId => _worker.Id;

    /// <inheritdoc/>
    public Task<string> Died => _died.Task;

    /// <inheritdoc/>
    public WorkerStuckException? Stuck => _isUnkillable && _worker.IsAlive ? new(_worker.Id, _worker.Exited) : null;

    /// <summary>Identifies the vendor library. Called at most once, and only if <see cref="LoadAsync"/> is not called.</summary>
    /// <exception cref="EngineException">The library cannot be used.</exception>
    internal Task<RuntimeInfo> ProbeAsync(string library, string? versionOverride) => _startup.ProbeAsync(library, versionOverride);

    /// <summary>The same for the library of the encoders of vision models.</summary>
    internal Task<EncoderLibraryInfo> ProbeEncoderAsync(string library) => _startup.ProbeEncoderAsync(library);

    /// <summary>Loads the model. Called at most once. If it throws, the caller must dispose the session.</summary>
    /// <returns>This session.</returns>
    /// <exception cref="EngineException">The model could not be loaded. The message contains the errors that the library printed.</exception>
    /// <exception cref="ContextLimitException">The model allows only a smaller context length.</exception>
    internal async Task<WorkerSession> LoadAsync(string library, string? versionOverride, ModelLoadParameters model, CancellationToken cancellationToken)
    {
        _modelTag = _settings.Metrics?.ModelTag(model.Name) ?? default;
        Facts = await _startup.LoadAsync(library, versionOverride, model, cancellationToken).ConfigureAwait(false);
        return this;
    }

    /// <inheritdoc/>
    public EngineRun Start(RunInput input, RunParameters parameters, bool clearsCache = false) =>
        Start(input, id => _worker.Send(FrameType.Run, new RunCommand(id, input, parameters, clearsCache), WorkerJson.Default.RunCommand));

    /// <inheritdoc/>
    public EngineRun StartEmbedding(RunInput input, bool isMean) =>
        Start(input, id => _worker.Send(FrameType.Embed, new EmbedCommand(id, input, isMean), WorkerJson.Default.EmbedCommand));

    /// <inheritdoc/>
    public EngineRun StartScoring(RunInput input, IReadOnlyList<int> tokens, bool clearsCache, bool keepsCache) => Start(
        input, id => _worker.Send(FrameType.Score, new ScoreCommand(id, input, [.. tokens], clearsCache, keepsCache), WorkerJson.Default.ScoreCommand));

    private WorkerRun Start(RunInput input, Action<int> send)
    {
        WorkerRun run;
        lock (_lock)
        {
            if (_exitReason is not null)
                throw new SessionDiedException();
            if (_run is not null)
                throw new InvalidOperationException("A run is in progress.");

            int id = ++_lastRunId;

            // For a text prompt, this is an estimate. It should not be too low: nearly all texts have fewer tokens than half of their characters.
            int promptTokens = input.Tokens?.Count ?? input.Text!.Length / 2;
            run = _run = new(id, aborted => Abort(((WorkerRun)aborted).Id)) { Watchdog = new(_settings.Timeouts, promptTokens, _settings.Time, () => SendAbort(id), reason => _ = KillAsync(reason)) };
        }

        _worker.Log.ClearErrors();
        try
        {
            send(run.Id);
        }
        catch (IOException)
        {
            lock (_lock)
                _run = null;
            run.Watchdog.Dispose();
            throw new SessionDiedException();
        }

        return run;
    }

    private void Abort(int runId)
    {
        if (Current(runId) is not { } run)
            return;

        run.Watchdog.OnAbort();
        SendAbort(runId);
    }

    private void SendAbort(int runId)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(payload, runId);
        try
        {
            _worker.Send(FrameType.Abort, payload);
        }
        catch (IOException)
        {
            // The worker has exited. WatchAsync ends the run.
        }
    }

    private void OnFrame(FrameType type, ReadOnlySpan<byte> payload, bool hasNext)
    {
        switch (type)
        {
            case FrameType.Token:
                int runId = BinaryPrimitives.ReadInt32LittleEndian(payload);
                if (Current(runId) is not { } run)
                    break;
                run.Watchdog.OnToken();
                if (run.Add(new(BinaryPrimitives.ReadInt32LittleEndian(payload[4..]), Encoding.UTF8.GetString(payload[8..]))) is { } sinceLast)
                    _settings.Metrics?.RecordInterTokenLatency(sinceLast, _modelTag);
                if (!hasNext)
                    run.Flush();
                break;
            case FrameType.Vector:
                if (Current(BinaryPrimitives.ReadInt32LittleEndian(payload)) is { } computed)
                    computed.Vector = MemoryMarshal.Cast<byte, float>(payload[4..]).ToArray();
                break;
            case FrameType.Ended:
                EndedReply ended = JsonSerializer.Deserialize(payload, WorkerJson.Default.EndedReply)!;
                Current(ended.Id)?.Flush();
                _ = EndRunAsync(ended);
                break;
            case FrameType.PrefixLoaded:
                _prefixLoaded.TrySetResult(JsonSerializer.Deserialize(payload, WorkerJson.Default.PrefixLoadedReply)!.IsLoaded);
                break;
            case FrameType.Probed or FrameType.EncoderProbed or FrameType.Loaded or FrameType.Failed:
                _startup.OnFrame(type, payload);
                break;
        }
    }

    private WorkerRun? Current(int runId)
    {
        lock (_lock)
            return _run is { } run && run.Id == runId ? run : null;
    }

    /// <summary>
    /// Ends a run after the worker has reported its end. If the run failed, or stopped without a token, first waits for the output of the library. If this
    /// output contains errors, the run fails with these errors.
    /// </summary>
    private async Task EndRunAsync(EndedReply ended)
    {
        RunEnd end = ended.End;
        RefusedPrompt? refused = null;
        if (end.NeedsExplanation())
        {
            await _worker.WaitForLogMarkAsync(ended.Id).ConfigureAwait(false);
            if (_worker.Log.ErrorText is { Length: > 0 } errors)
            {
                end = end with { Reason = RunEndReason.Error, Error = end.Error is null ? errors : $"{end.Error}: {errors}" };
                refused = end.TokenCount == 0 ? RuntimeErrorClassifier.FindRefusedPrompt(errors) : null;
            }
        }

        EndRun(ended.Id, end, refused: refused);
    }

    private void EndRun(int runId, RunEnd end, WorkerDeath? death = null, RefusedPrompt? refused = null)
    {
        WorkerRun? run;
        lock (_lock)
        {
            if (_run?.Id != runId)
                return;
            (run, _run) = (_run, null);
            if (death is null)
                _onFirstCrash = null;
        }

        run.Watchdog.Dispose();

        // The worker reports each aborted run as cancelled. But a run that the watchdog aborted has failed.
        if (end.Reason == RunEndReason.Cancelled && run.Watchdog.TimeoutReason is { } timeout)
        {
            end = end with { Reason = RunEndReason.Error, Error = timeout };
            _settings.Metrics?.RecordTimeoutAbort();
        }

        run.Complete(end, run.Vector, death, refused);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "Killing worker {ProcessId}: {Reason}")]
        internal static partial void Killed(ILogger logger, int processId, string reason);

        [LoggerMessage(EventId = 5, Level = LogLevel.Critical, Message = "The board needs a reboot: {Reason}")]
        internal static partial void Stuck(ILogger logger, string reason);
    }
}
