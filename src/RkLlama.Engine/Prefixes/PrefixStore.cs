using System.Collections.Concurrent;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Prefixes;

/// <summary>
/// The saved prefixes of models: the KV cache of the beginning that most prompts of a model have in common, one file for each model. A file is used only if
/// everything in its <see cref="PrefixSidecar"/> is still true; otherwise it is deleted. Failures are logged and not thrown, because the model works without the file.
/// Thread-safe.
/// </summary>
internal sealed partial class PrefixStore
{
    // 0 if clients do not share KV caches, too: a saved prefix serves all clients.
    private readonly long _maxBytes;
    private readonly PrefixDirectory? _directory;
    private readonly NodeMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<PrefixStore> _logger;
    private readonly Lock _lock = new();

    // The tokens of the file of each model, as far as it was checked or saved by this process. By the name of the model.
    private readonly ConcurrentDictionary<string, int[]> _saved = new(StringComparer.Ordinal);

    // The models whose files have crashed the worker, or that save no files. By the name of the model.
    private readonly ConcurrentDictionary<string, PrefixIdentity> _disabled = new(StringComparer.Ordinal);

    // The size of a token in a file before one was measured: that of the larger models with grouped attention (models of 4B have 144 KiB).
    private const double UsualBytesPerToken = 160 << 10;

    // The measured size of a token in a file, in bytes, by the name of the model.
    private readonly ConcurrentDictionary<string, double> _bytesPerToken = new(StringComparer.Ordinal);

    public PrefixStore(NodeOptions options, NodeMetrics metrics, TimeProvider time, ILogger<PrefixStore> logger)
    {
        (_maxBytes, _metrics, _time, _logger) = (options.SharesKvCaches ? options.PromptCacheBytes : 0, metrics, time, logger);
        _directory = Open(options);
    }

    /// <summary>Whether prefixes are saved and loaded.</summary>
    internal bool IsOn => _maxBytes > 0 && _directory is not null;

    /// <summary>Returns the token ids of the saved prefix of a model; <see langword="null"/> if there is none, or the model was not loaded yet.</summary>
    internal int[]? TokensOf(string model) => _saved.TryGetValue(model, out int[]? tokens) && File.Exists(_directory?.CacheOf(model)) ? tokens : null;

    /// <summary>Whether this model has crashed with a saved prefix, or cannot save one. A change of the model file or of the runtime ends this.</summary>
    internal bool IsDisabled(PrefixIdentity identity) => _disabled.TryGetValue(identity.Model, out PrefixIdentity? disabled) && disabled.FindDifference(identity) is null;

    /// <summary>Saves no further prefix of this model and loads none, until the model file or the runtime changes or the server restarts. Deletes its file.</summary>
    internal void Disable(PrefixIdentity identity)
    {
        _disabled[identity.Model] = identity;
        Remove(identity.Model);
    }

    /// <summary>As <see cref="Disable"/>, after the worker has crashed. Logs one warning.</summary>
    internal void DisableAfterCrash(PrefixIdentity identity)
    {
        if (IsDisabled(identity))
            return;
        Log.Crashed(_logger, identity.Model);
        _metrics.RecordPrefixFailure(PrefixFailureLabel.Crash);
        Disable(identity);
    }

    /// <summary>
    /// Returns the saved prefix of a model after all checks that are possible before the load of the model. Reads the whole file. If a check fails, deletes the
    /// file.
    /// </summary>
    internal SavedPrefix? Find(ModelLoadParameters model, CancellationToken cancellationToken)
    {
        if (_directory is not { } directory || PrefixIdentity.Of(model) is not { } identity)
            return null;
        string path = directory.CacheOf(model.Name), sidecarPath = directory.SidecarOf(model.Name);
        try
        {
            if (!Path.Exists(sidecarPath) && !Path.Exists(path) && new FileInfo(sidecarPath).LinkTarget is null)
                return null;
            if (!PrivateFile.IsPrivate(sidecarPath) || !PrivateFile.IsPrivate(path))
                return Refuse(model.Name, "is missing, is a link, or other users may read or write it");
            if (new FileInfo(sidecarPath).Length > PrefixSidecar.MaxJsonBytes || PrefixSidecar.Parse(File.ReadAllBytes(sidecarPath)) is not { } sidecar)
                return Refuse(model.Name, "has an unknown or damaged description");
            if (sidecar.Identity.FindDifference(identity) is { } difference)
                return Refuse(model.Name, difference);
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (file.Length != sidecar.Bytes || FileHash.Sha256Of(file, cancellationToken) != sidecar.Sha256)
                return Refuse(model.Name, "is damaged");
            _saved[model.Name] = sidecar.Tokens;
            _bytesPerToken[model.Name] = (double)sidecar.Bytes / sidecar.Tokens.Length;
            return new(path, sidecar);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return Refuse(model.Name, $"cannot be read ({ex.Message.TrimEnd('.')})");
        }
    }

    /// <summary>Records that a file was loaded.</summary>
    internal void RecordLoad(SavedPrefix prefix, TimeSpan time)
    {
        string model = prefix.Sidecar.Identity.Model;
        _metrics.RecordPrefixLoad(prefix.Sidecar.Tokens.Length);
        Log.Loaded(_logger, model, prefix.Sidecar.Tokens.Length, (long)time.TotalMilliseconds);
        try
        {
            MarkUsed(model);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // The file then counts as used less recently.
        }
    }

    /// <summary>Records the time of the last use of a model's file.</summary>
    private void MarkUsed(string model) => _directory?.Touch(model, _time.GetUtcNow());

    /// <summary>Deletes the file of a model, because it must not be used.</summary>
    /// <param name="reason">The end of a sentence that starts with the file.</param>
    /// <returns>Always <see langword="null"/>.</returns>
    internal SavedPrefix? Refuse(string model, string reason)
    {
        Log.Refused(_logger, model, reason);
        _metrics.RecordPrefixFailure(PrefixFailureLabel.Refused);
        Remove(model);
        return null;
    }

    /// <summary>Deletes the file of a model, because the model was deleted, renamed or replaced. Does nothing if there is none.</summary>
    internal void Remove(string model)
    {
        _saved.TryRemove(model, out _);
        try
        {
            lock (_lock)
                _directory?.Delete(model);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            Log.NotDeleted(_logger, model, ex.Message);
        }
    }

    /// <summary>Opens the directory, and deletes what must not stay in it. If the setting is 0, that is everything.</summary>
    private PrefixDirectory? Open(NodeOptions options)
    {
        if (options.CacheDirectory is not { } path)
            return null;
        PrefixDirectory directory = new(path, options.ModelsDirectory);
        try
        {
            if (_maxBytes == 0 && !directory.Exists)
                return null;
            if (directory.Open() is { } problem)
            {
                Log.NoDirectory(_logger, path, problem);
                return null;
            }

            directory.DeleteLeftovers();
            directory.Shrink(_maxBytes, keep: null);
            return directory;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            Log.NoDirectory(_logger, path, $"cannot be read ({ex.Message.TrimEnd('.')})");
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Model {Model}: the first {Tokens} tokens of its prompts were loaded from the disk in {Ms} ms")]
        internal static partial void Loaded(ILogger logger, string model, int tokens, long ms);

        [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Model {Model}: the first {Tokens} tokens of its prompts are saved ({Bytes} bytes)")]
        internal static partial void Saved(ILogger logger, string model, int tokens, long bytes);

        [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "Model {Model}: the saved beginning of its prompts is deleted: it {Reason}")]
        internal static partial void Refused(ILogger logger, string model, string reason);

        [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "Model {Model}: its worker crashed with the saved beginning of its prompts. The file is deleted, and the model works without one until the server restarts")]
        internal static partial void Crashed(ILogger logger, string model);

        [LoggerMessage(EventId = 5, Level = LogLevel.Information, Message = "Model {Model}: the beginning of its prompts is not saved: {Reason}")]
        internal static partial void Dropped(ILogger logger, string model, string reason);

        [LoggerMessage(EventId = 6, Level = LogLevel.Information, Message = "Model {Model}: the runtime saves no prompts of this model")]
        internal static partial void Unsupported(ILogger logger, string model);

        [LoggerMessage(EventId = 7, Level = LogLevel.Warning, Message = "{Path}: a saved prompt could not be deleted: {Reason}")]
        internal static partial void NotDeleted(ILogger logger, string path, string reason);

        [LoggerMessage(EventId = 8, Level = LogLevel.Information, Message = "Beginnings of prompts are not saved: '{Path}' {Problem}")]
        internal static partial void NoDirectory(ILogger logger, string path, string problem);
    }
}

/// <summary>A saved prefix that was checked.</summary>
/// <param name="Path">The file with the KV cache.</param>
internal sealed record SavedPrefix(string Path, PrefixSidecar Sidecar);
