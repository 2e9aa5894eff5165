using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Workers.Protocol;
using RkLlama.Engine.Workers.Worker;
using RkLlama.Native;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// The first command of a worker and its reply: either a probe, which identifies the library, or a load of a model. One instance handles one command. Used
/// by <see cref="WorkerSession"/> only.
/// </summary>
internal sealed partial class WorkerStartup(WorkerProcess worker, WorkerSettings settings, ILogger logger)
{
    private readonly TaskCompletionSource<RuntimeInfo> _probed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<LoadedReply> _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether the worker has loaded a model.</summary>
    internal bool IsLoaded => _loaded.Task.IsCompletedSuccessfully;

    /// <exception cref="EngineException">The library cannot be used.</exception>
    internal async Task<RuntimeInfo> ProbeAsync(string library, string? versionOverride)
    {
        Send(FrameType.Probe, new ProbeCommand(library, versionOverride), WorkerJson.Default.ProbeCommand);
        return await WithLoadTimeoutAsync(_probed.Task, "open", CancellationToken.None).ConfigureAwait(false);
    }

    /// <exception cref="EngineException">The model could not be loaded. The message contains the errors that the library printed.</exception>
    /// <exception cref="ContextLimitException">The model allows only a smaller context length.</exception>
    internal async Task<LoadedModelInfo> LoadAsync(string library, string? versionOverride, ModelLoadParameters model, CancellationToken cancellationToken)
    {
        LoadCommand command = new(library, versionOverride, model.ModelPath, model.MaxContextLength, model.MaxNewTokens, model.Sampling,
            model.ReusesKvCache, model.KeepsChatTemplate);
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
    /// <param name="what">What the runtime does, for the error message.</param>
    /// <exception cref="EngineException">The reply is an error, or it did not arrive in time.</exception>
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

    /// <summary>
    /// Checks that the ABI suits the version that the library has printed during the load. The ABI had to be chosen before that.
    /// </summary>
    /// <param name="byOperator">Whether the operator has set the version. Then a mismatch is only logged.</param>
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
        // Runtime 1.1 reports success for a file that it could not read, and aborts the process at the first run.
        if (reply.Runtime.Family == RuntimeFamily.V11 && worker.Log.ErrorText is { Length: > 0 } errors)
            throw new EngineException(errors) { Code = worker.Log.ErrorCode };

        if (!reply.ChatTemplateDisabled)
            Log.TemplateKept(logger);

        if (settings.ExpectedPlatform is { } expected && worker.Log.Platform is { } platform && !platform.Equals(expected, StringComparison.OrdinalIgnoreCase))
            Log.OtherPlatform(logger, expected, platform);
    }

    /// <summary>Handles the worker's reply. Called on the frame thread.</summary>
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

    /// <summary>Fails the waiting caller with the reason, because the worker has exited. Does nothing after a reply.</summary>
    internal void Fail(string reason, FailureCode? code)
    {
        EngineException failure = new(reason) { Code = code };
        if (_probed.TrySetException(failure))
            _ = _probed.Task.Exception;
        if (_loaded.TrySetException(failure))
            _ = _loaded.Task.Exception;
    }

    /// <summary>
    /// Fails the waiting caller, because the worker has reported a failure. If a load failed, first waits until all output of the library has been read.
    /// If this output contains error lines, they are the reason.
    /// </summary>
    private async Task FailAsync(FailedReply reply)
    {
        if (!_probed.TrySetException(new EngineException(reply.Message) { Code = reply.Code }))
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
