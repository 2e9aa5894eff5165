using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Workers.Protocol;
using RkLlama.Engine.Workers.Worker;
using RkLlama.Native;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// Sends the first command to a worker and waits for the reply. The command is a probe, which identifies a library, or a load of a model. One instance
/// handles one command. Used by <see cref="WorkerSession"/> only.
/// </summary>
internal sealed partial class WorkerStartup(WorkerProcess worker, WorkerSettings settings, ILogger logger)
{
    private readonly TaskCompletionSource<RuntimeInfo> _probed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<EncoderLibraryInfo> _encoderProbed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<LoadedReply> _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether the worker has loaded a model.</summary>
    internal bool IsLoaded => _loaded.Task.IsCompletedSuccessfully;

    /// <exception cref="EngineException">The library cannot be used.</exception>
    internal async Task<RuntimeInfo> ProbeAsync(string library, string? versionOverride)
    {
        Send(FrameType.Probe, new ProbeCommand(library, versionOverride), WorkerJson.Default.ProbeCommand);
        return await WithLoadTimeoutAsync(_probed.Task, "open", CancellationToken.None).ConfigureAwait(false);
    }

    /// <exception cref="EngineException">The library cannot be used.</exception>
    internal async Task<EncoderLibraryInfo> ProbeEncoderAsync(string library)
    {
        Send(FrameType.ProbeEncoder, new EncoderProbeCommand(library), WorkerJson.Default.EncoderProbeCommand);
        return await WithLoadTimeoutAsync(_encoderProbed.Task, "open", CancellationToken.None).ConfigureAwait(false);
    }

    /// <exception cref="EngineException">The model could not be loaded. The message contains the errors that the library printed.</exception>
    /// <exception cref="ContextLimitException">The model allows only a smaller context length.</exception>
    internal async Task<LoadedModelInfo> LoadAsync(string library, string? versionOverride, ModelLoadParameters model, CancellationToken cancellationToken)
    {
        LoadCommand command = new(library, versionOverride, model.ModelPath, model.MaxContextLength, model.MaxNewTokens, model.Sampling,
            model.ReusesKvCache, model.KeepsChatTemplate, model.NpuDomain);
        Send(FrameType.Load, command, WorkerJson.Default.LoadCommand);

        LoadedReply reply;
        try
        {
            reply = await WithLoadTimeoutAsync(_loaded.Task, "load the model", cancellationToken).ConfigureAwait(false);
            await worker.WaitForLogMarkAsync(WorkerProgram.LoadMark).WaitAsync(cancellationToken).ConfigureAwait(false);
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

    /// <summary>Waits for the worker's reply, at most <see cref="WorkerSettings.LoadTime"/>. After a timeout, the caller must end the session.</summary>
    /// <param name="what">What the runtime had to do, for the error message, for example <c>load the model</c>.</param>
    /// <exception cref="EngineException">The worker reported a failure or exited, or the reply did not arrive in time.</exception>
    private async Task<T> WithLoadTimeoutAsync<T>(Task<T> reply, string what, CancellationToken cancellationToken)
    {
        try
        {
            return await reply.WaitAsync(settings.LoadTime, settings.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new EngineException($"the runtime took longer than {settings.LoadTime.TotalSeconds:0.###} s to {what}; its worker was ended");
        }
    }

    /// <summary>Checks that the ABI that was chosen before the load is right for the version that the library printed during the load.</summary>
    /// <param name="chosen">The identity of the library. The ABI was chosen from it.</param>
    /// <param name="byOperator">Whether the operator has set the version. If true, a mismatch is only logged.</param>
    /// <exception cref="EngineException">The ABI is not right for the printed version.</exception>
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
        // Runtime 1.1 reports success for a file that it could not read, and aborts the process at the first run. So for this version, a printed error fails
        // the load.
        if (reply.Runtime.Family == RuntimeFamily.V11 && worker.Log.ErrorText is { Length: > 0 } errors)
            throw new EngineException(errors) { Code = worker.Log.ErrorCode };

        if (!reply.ChatTemplateDisabled)
            Log.TemplateKept(logger);

        if (settings.ExpectedPlatform is { } expected && worker.Log.Platform is { } platform && !platform.Equals(expected, StringComparison.OrdinalIgnoreCase))
            Log.OtherPlatform(logger, expected, platform);
    }

    /// <summary>Handles the worker's reply to the command. Called on the frame thread.</summary>
    internal void OnFrame(FrameType type, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case FrameType.Probed:
                _probed.TrySetResult(JsonSerializer.Deserialize(payload, WorkerJson.Default.RuntimeInfo)!);
                break;
            case FrameType.EncoderProbed:
                _encoderProbed.TrySetResult(JsonSerializer.Deserialize(payload, WorkerJson.Default.EncoderLibraryInfo)!);
                break;
            case FrameType.Loaded:
                _loaded.TrySetResult(JsonSerializer.Deserialize(payload, WorkerJson.Default.LoadedReply)!);
                break;
            case FrameType.Failed:
                _ = FailAsync(JsonSerializer.Deserialize(payload, WorkerJson.Default.FailedReply)!);
                break;
        }
    }

    /// <summary>Fails the command with the reason, because the worker has exited. Has no effect after a reply.</summary>
    internal void Fail(string reason, FailureCode? code)
    {
        EngineException failure = new(reason) { Code = code };
        // Marks the exception as observed, because the caller awaits only one of the tasks.
        if (_probed.TrySetException(failure))
            _ = _probed.Task.Exception;
        if (_encoderProbed.TrySetException(failure))
            _ = _encoderProbed.Task.Exception;
        if (_loaded.TrySetException(failure))
            _ = _loaded.Task.Exception;
    }

    /// <summary>
    /// Fails the command, because the worker has reported a failure. A probe fails with the message of the worker. A load fails after all output of the library
    /// has been read: with its error lines, or with the message of the worker if there are none.
    /// </summary>
    private async Task FailAsync(FailedReply reply)
    {
        EngineException failure = new(reply.Message) { Code = reply.Code };
        if (_encoderProbed.TrySetException(failure))
            _ = _encoderProbed.Task.Exception;
        if (!_probed.TrySetException(failure))
            return;

        await worker.WaitForLogMarkAsync(WorkerProgram.LoadMark).ConfigureAwait(false);
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
            // The worker has exited. The session calls Fail with the reason.
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
