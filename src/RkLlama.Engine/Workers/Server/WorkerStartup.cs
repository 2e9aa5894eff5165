using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Workers.Protocol;
using RkLlama.Engine.Workers.Worker;
using RkLlama.Native;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// The beginning of a worker's life: it opens the library, or also loads a model, and says what came of it. One of the two, once; used by
/// <see cref="WorkerSession"/> only.
/// </summary>
internal sealed partial class WorkerStartup(WorkerProcess worker, WorkerSettings settings, ILogger logger)
{
    private readonly TaskCompletionSource<RuntimeInfo> _probed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<LoadedReply> _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether there is a model in it.</summary>
    internal bool IsLoaded => _loaded.Task.IsCompletedSuccessfully;

    /// <exception cref="EngineException">The library cannot be used.</exception>
    internal async Task<RuntimeInfo> ProbeAsync(string library, string? versionOverride)
    {
        Send(FrameType.Probe, new ProbeCommand(library, versionOverride), WorkerJson.Default.ProbeCommand);
        return await InTimeAsync(_probed.Task, "open", CancellationToken.None).ConfigureAwait(false);
    }

    /// <exception cref="EngineException">The model could not be loaded; the message has the library's own words.</exception>
    /// <exception cref="ContextLimitException">It could be with a smaller context length.</exception>
    internal async Task<EngineFacts> LoadAsync(string library, string? versionOverride, EngineModel model, CancellationToken cancellationToken)
    {
        LoadCommand command = new(library, versionOverride, model.ModelPath, model.MaxContextLength, model.MaxNewTokens, model.Sampling,
            model.ReusesKvCache, model.KeepsChatTemplate);
        Send(FrameType.Load, command, WorkerJson.Default.LoadCommand);

        LoadedReply reply;
        try
        {
            reply = await InTimeAsync(_loaded.Task, "load the model", cancellationToken).ConfigureAwait(false);
            await worker.LogReadUpToAsync(WorkerProgram.LoadMark).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (EngineException) when (worker.Log.ContextLimit is { } limit && limit < model.MaxContextLength)
        {
            throw new ContextLimitException(limit);
        }

        CheckVersion(reply.Runtime, versionOverride is not null);
        CheckLoad(reply);
        worker.Log.ClearErrors();
        return new(
            worker.Log.RuntimeVersion ?? reply.Runtime.Description,
            worker.Log.DriverVersion,
            reply.HasPerRunSampling,
            model.MaxContextLength,
            model.MaxNewTokens);
    }

    /// <summary>Waits for the library's answer within the budget of a load. The caller ends a session whose library gave none.</summary>
    private async Task<T> InTimeAsync<T>(Task<T> answer, string what, CancellationToken cancellationToken)
    {
        try
        {
            return await answer.WaitAsync(settings.LoadTime, settings.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new EngineException($"the runtime took longer than {settings.LoadTime.TotalSeconds:0.###} s to {what}; its worker was ended");
        }
    }

    /// <summary>The ABI was chosen before the library could say its version; now it has.</summary>
    private void CheckVersion(RuntimeInfo chosen, bool byOperator)
    {
        if (worker.Log.RuntimeVersion is not { } reported || RuntimeIdentity.Accepts(chosen.Family, reported))
            return;

        string text = $"the RKLLM runtime says it is {reported}, but is driven as {chosen.Description} ({chosen.Evidence}); set RKLLAMA_RUNTIME_VERSION={reported}";
        if (!byOperator)
            throw new EngineException(text) { Code = FailureCode.LibraryVersionMismatch };
        Log.VersionMismatch(logger, text);
    }

    private void CheckLoad(LoadedReply reply)
    {
        // 1.1 reports success for files it could not read, and aborts at the first run.
        if (reply.Runtime.Family == RuntimeFamily.V11 && worker.Log.ErrorText is { Length: > 0 } errors)
            throw new EngineException(errors) { Code = worker.Log.ErrorCode };

        if (!reply.ChatTemplateDisabled)
            Log.TemplateKept(logger);

        if (settings.ExpectedPlatform is { } expected && worker.Log.Platform is { } platform && !platform.Equals(expected, StringComparison.OrdinalIgnoreCase))
            Log.OtherPlatform(logger, expected, platform);
    }

    /// <summary>What the worker says of it; on the frame thread.</summary>
    internal void OnFrame(FrameType type, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case FrameType.Probed:
                _probed.TrySetResult(JsonSerializer.Deserialize(payload, WorkerJson.Default.RuntimeInfo)!);
                break;
            case FrameType.Loaded:
                _loaded.TrySetResult(JsonSerializer.Deserialize(payload, WorkerJson.Default.LoadedReply)!);
                break;
            case FrameType.Failed:
                _ = FailAsync(JsonSerializer.Deserialize(payload, WorkerJson.Default.FailedReply)!);
                break;
        }
    }

    /// <summary>The worker is dead: fails the waiting caller with the reason.</summary>
    internal void Fail(string reason, FailureCode? code)
    {
        EngineException failure = new(reason) { Code = code };
        if (_probed.TrySetException(failure))
            _ = _probed.Task.Exception;
        if (_loaded.TrySetException(failure))
            _ = _loaded.Task.Exception;
    }

    /// <summary>A probe or load that failed: the reason is what the library printed, once all of it has been read.</summary>
    private async Task FailAsync(FailedReply reply)
    {
        if (!_probed.TrySetException(new EngineException(reply.Message) { Code = reply.Code }))
            return;

        await worker.LogReadUpToAsync(WorkerProgram.LoadMark).ConfigureAwait(false);
        string errors = worker.Log.ErrorText;
        _loaded.TrySetException(new EngineException(errors.Length > 0 ? errors : reply.Message) { Code = worker.Log.ErrorCode ?? reply.Code });
    }

    private void Send<T>(FrameType type, T message, JsonTypeInfo<T> typeInfo)
    {
        try
        {
            worker.Send(type, message, typeInfo);
        }
        catch (IOException)
        {
            // The worker is gone. The session fails the waiting caller with the reason.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "{Text}")]
        internal static partial void VersionMismatch(ILogger logger, string text);

        [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "The runtime refused to switch its own chat template off: text prompts will be wrapped twice")]
        internal static partial void TemplateKept(ILogger logger);

        [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "--target_platform is {Expected}, but the runtime reports {Reported}")]
        internal static partial void OtherPlatform(ILogger logger, string expected, string reported);
    }
}
