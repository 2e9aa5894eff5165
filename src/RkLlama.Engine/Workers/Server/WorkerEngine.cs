using System.ComponentModel;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Workers.Protocol;
using RkLlama.Native;
using RkLlama.Native.Vision;

namespace RkLlama.Engine.Workers.Server;

/// <summary>Runs each loaded model in its own worker process. Thread-safe.</summary>
internal sealed partial class WorkerEngine(NodeOptions options, NodeMetrics? metrics, TimeProvider time, ILoggerFactory loggers) : IEngine
{
    private readonly WorkerSettings _settings = new(options.WorkerExecutable, options.TargetPlatform, options.LoadTimeout, options.RunTimeouts, time) { Metrics = metrics };
    private readonly ILogger _logger = loggers.CreateLogger<WorkerEngine>();
    private readonly ILogger _runtimeLogger = loggers.CreateLogger("rkllm");

    /// <inheritdoc/>
    public async Task<IEngineSession> LoadAsync(ModelLoadParameters model, CancellationToken cancellationToken)
    {
        string library = FindLibrary();
        while (true)
        {
            WorkerSession session = Start();
            try
            {
                return await session.LoadAsync(library, options.RuntimeVersion, model, cancellationToken).ConfigureAwait(false);
            }
            catch (ContextLimitException ex)
            {
                // Only the runtime knows the maximum context length of the model, and it prints this limit only when it rejects a larger value. So the load is
                // repeated with the printed limit. Each limit is smaller than the one before, so the loop ends.
                Log.ContextClamped(_logger, model.Name, model.MaxContextLength, ex.Limit);
                await EndAsync(session).ConfigureAwait(false);
                model = model with { MaxContextLength = ex.Limit, MaxNewTokens = Math.Min(model.MaxNewTokens, ex.Limit) };
            }
            catch
            {
                await EndAsync(session).ConfigureAwait(false);
                throw;
            }
        }
    }

    /// <summary>Disposes the session.</summary>
    /// <exception cref="WorkerStuckException">The worker of the session survived SIGKILL.</exception>
    private static async Task EndAsync(WorkerSession session)
    {
        await session.DisposeAsync().ConfigureAwait(false);
        if (session.Stuck is { } stuck)
            throw stuck;
    }

    /// <inheritdoc/>
    public async Task<string?> ProbeAsync()
    {
        try
        {
            string library = FindLibrary();
            RuntimeInfo runtime = await IdentifyAsync(library).ConfigureAwait(false);
            Log.RuntimeFound(_logger, runtime.Description, library, runtime.Evidence);
            if (runtime.Warning is not null)
                Log.Warning(_logger, runtime.Warning);
            return runtime.Version ?? runtime.Description;
        }
        catch (EngineException ex)
        {
            Log.Warning(_logger, $"No model can be loaded yet. {ex.Message}");
            return null;
        }
    }

    /// <inheritdoc/>
    public void ReportEncoderLibrary()
    {
        RknnLibrarySearch search = RknnLibrarySearch.Run(options.RknnLibraryPath, RkllmLibrarySearch.Run(options.LibraryPath).Path);
        if (search.Path is null)
        {
            if (options.RknnLibraryPath is not null)
                Log.Warning(_logger, search.NotFoundMessage);
            return;
        }

        try
        {
            (string? version, string? warning) = RknnLibrary.Identify(search.Path);
            Log.EncoderLibraryFound(_logger, version ?? "of unknown version", search.Path);
            if (warning is not null)
                Log.Warning(_logger, warning);
        }
        catch (RknnException ex)
        {
            Log.Warning(_logger, $"No model can see pictures. {ex.Message}");
        }
    }

    /// <summary>Opens and identifies the library of the encoders in a temporary worker.</summary>
    /// <inheritdoc cref="IdentifyAsync(string)"/>
    internal async Task<EncoderLibraryInfo> IdentifyEncoderAsync(string library)
    {
        WorkerSession session = Start();
        await using (session.ConfigureAwait(false))
            return await session.ProbeEncoderAsync(library).ConfigureAwait(false);
    }

    /// <summary>Opens and identifies the vendor library in a temporary worker.</summary>
    /// <param name="library">Full path of the library.</param>
    /// <exception cref="EngineException">The library cannot be loaded or identified, or the worker exited or did not reply in time.</exception>
    internal async Task<RuntimeInfo> IdentifyAsync(string library)
    {
        WorkerSession session = Start();
        await using (session.ConfigureAwait(false))
            return await session.ProbeAsync(library, options.RuntimeVersion).ConfigureAwait(false);
    }

    /// <exception cref="EngineException">The library was not found.</exception>
    private string FindLibrary()
    {
        RkllmLibrarySearch search = RkllmLibrarySearch.Run(options.LibraryPath);
        return search.Path ?? throw new EngineException(search.NotFoundMessage) { Code = FailureCode.LibraryNotFound };
    }

    /// <exception cref="EngineException">
    /// The process cannot be started, for example because the executable is missing or the process limit is reached.
    /// </exception>
    private WorkerSession Start()
    {
        try
        {
            return new(_settings, _runtimeLogger, _logger);
        }
        catch (Win32Exception ex)
        {
            throw new EngineException($"the worker process could not be started ({ex.Message})") { IsTransient = true };
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "RKLLM runtime {Version} at {Path} ({Evidence})")]
        internal static partial void RuntimeFound(ILogger logger, string version, string path, string evidence);

        [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "{Text}")]
        internal static partial void Warning(ILogger logger, string text);

        [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "Model {Model} allows a context length of {Limit} tokens, not {Asked}: loading it with {Limit}")]
        internal static partial void ContextClamped(ILogger logger, string model, int asked, int limit);

        [LoggerMessage(EventId = 4, Level = LogLevel.Information, Message = "RKNN runtime {Version} at {Path}, for the encoders of vision models")]
        internal static partial void EncoderLibraryFound(ILogger logger, string version, string path);
    }
}
