using System.Globalization;
using RkLlama.Cli.Terminal;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Scheduling;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Names;
using RkLlama.Hub.Pull;

namespace RkLlama.Server.Pulls;

/// <summary>
/// Downloads models into the models directory. Requests for the same model share one download, also if they name it differently. Thread-safe.
/// </summary>
internal sealed partial class PullService(
    NodeOptions options, ModelCatalog catalog, ModelStore store, PullPlans plans, NodeKeys keys, SourceNames sources, FileHashes hashes, PullCounters counters, TimeProvider clock, ILogger<PullService> logger)
    : IAsyncDisposable, IModelDownloads
{
    // Guards _jobs.
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PullJob> _jobs = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The pulls that have not ended.</summary>
    internal IReadOnlyList<PullJob> Jobs
    {
        get
        {
            lock (_lock)
                return [.. _jobs.Values];
        }
    }

    /// <summary>The downloads at start whose models are not there.</summary>
    internal IReadOnlyList<StartupPull> AtStart { get; } = [.. options.Pulls.Distinct(StringComparer.OrdinalIgnoreCase).Select(static name => new StartupPull(name))];

    /// <summary>Returns the downloads for <c>/health</c>: those that run, and those at start that wait for their next attempt or were stopped.</summary>
    internal IReadOnlyList<HealthDownload> Describe()
    {
        List<HealthDownload> all = [.. Jobs.Select(static job => new HealthDownload(job.Name, job.CompletedBytes, job.TotalBytes, null))];
        foreach (StartupPull pull in AtStart.Where(static pull => !pull.IsDone))
        {
            if (pull.Failure is { } failure && LocalNameOf(pull.Requested) is var name && !all.Exists(one => ModelName.IsSame(one.Model, name)) && catalog.Resolve(name) is null)
                all.Add(new(name, 0, 0, failure));
        }

        return all;
    }

    /// <inheritdoc/>
    public string LocalNameOf(string requested)
    {
        try
        {
            return ModelName.WithoutLatest(requested.Contains('/', StringComparison.Ordinal) ? plans.NameOf(requested, null) : ShortNames.LocalNameOf(requested));
        }
        catch (HubException)
        {
            return requested;
        }
    }

    /// <inheritdoc/>
    public ModelDownload? FindDownload(string requested)
    {
        string name = LocalNameOf(requested);
        RequestedSource? source = sources.Read(requested);
        if (Jobs.FirstOrDefault(job => ModelName.IsSame(job.Name, name) || IsOf(job, source)) is { } running)
        {
            return new(IsActive: true, running.TotalBytes == 0 ? "is being downloaded." : string.Create(
                CultureInfo.InvariantCulture, $"is being downloaded: {running.CompletedBytes / 1_000_000} of {running.TotalBytes / 1_000_000} MB."));
        }

        if (AtStart.FirstOrDefault(pull => !pull.IsDone && ModelName.IsSame(LocalNameOf(pull.Requested), name)) is not { } waiting || catalog.Resolve(requested) is not null)
            return null;
        return waiting.Failure is { } failure ? new(IsActive: false, $"is not there: {failure.TrimEnd('.')}.") : new(IsActive: true, "is being downloaded.");
    }

    /// <summary>Joins the running pull of a model, or starts one. The caller calls <see cref="PullJob.Leave"/> when it no longer listens.</summary>
    /// <param name="requested">A short name, a name on a hub, the address of a model on another node, the name of a model of the origin, or the path of the origin.</param>
    /// <param name="localName">The name that the model gets; <see langword="null"/> for the name that the request implies.</param>
    /// <param name="origin">The source; <see langword="null"/> for a hub.</param>
    /// <exception cref="HubException">The name is not valid, or a model of another source with the same name is being pulled.</exception>
    /// <exception cref="DrainingException">The server stops.</exception>
    internal PullJob Join(string requested, string? localName, PullOrigin? origin = null)
    {
        (requested, origin) = Split(requested, origin);
        string implied = plans.NameOf(requested, origin), name = localName ?? implied;
        if (name.Length == 0)
            throw new HubException(HubError.InvalidName, $"'{Excerpt.Of(requested)}' does not say which name the model gets: 'rkllama pull {Excerpt.Of(requested)} NAME' does");
        if (!ModelName.IsModelName(name) || (!ModelName.IsNewName(name) && catalog.ResolveName(name) is null))
            throw new HubException(HubError.InvalidName, $"invalid model name: '{Excerpt.Of(name)}' cannot be a model's name, which is a plain file name without blanks and quotes");
        RequestedSource source = sources.Read(requested, origin)!;
        lock (_lock)
        {
            if (IsClosed)
                throw new DrainingException();
            PullJob? running = _jobs.GetValueOrDefault(name) ?? (localName is null && !source.IsNamed ? _jobs.Values.FirstOrDefault(job => source.IsSame(new(job.Source))) : null);
            if (running?.TryJoin() == true)
            {
                if (source.IsSame(new(running.Source)) && running.Origin == origin)
                    return running;
                running.Leave();
                throw new HubException(HubError.InvalidName, $"'{Excerpt.Of(running.Requested)}' is being pulled under the name '{running.Name}'");
            }

            name = running?.Name ?? name;
            PullJob job = new(name, requested, source.Text, origin);
            _ = job.TryJoin();
            _jobs[name] = job;

            // A pull that is ending still uses the directory.
            Task before = running?.Completion ?? Task.CompletedTask;
            job.Start(async started =>
            {
                await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await RunAsync(started).ConfigureAwait(false);
            });
            return job;
        }
    }

    private static bool IsOf(PullJob job, RequestedSource? source) => source?.IsSame(new(job.Source)) == true;

    private async Task RunAsync(PullJob job)
    {
        long start = clock.GetTimestamp();
        try
        {
            await PullAsync(job).ConfigureAwait(false);
            job.Report(new(PullStage.Done));
            counters.Succeeded(job.CompletedBytes, clock.GetElapsedTime(start));
            Log.Pulled(logger, job.Name, job.TotalBytes / 1_000_000, clock.GetElapsedTime(start).TotalSeconds);
        }
        catch (OperationCanceledException ex)
        {
            Log.Cancelled(logger, job.Name, job.CompletedBytes / 1_000_000);
            throw new PullStoppedException(ex);
        }
        catch (ModelException ex)
        {
            counters.Failed(ex.Kind == ModelErrorKind.NoSpace ? HubError.NoSpace : HubError.NotWritable);
            throw;
        }
        catch (HubException ex)
        {
            counters.Failed(ex.Error);
            Log.Failed(logger, job.Name, ex.Message);
            throw;
        }
        finally
        {
            lock (_lock)
            {
                if (_jobs.TryGetValue(job.Name, out PullJob? current) && current == job)
                    _jobs.Remove(job.Name);
            }
        }
    }

    private async Task PullAsync(PullJob job)
    {
        ModelGaps? gaps = ModelGaps.Find(catalog, job.Name);
        (PullPlan plan, ModelPull pull) = await plans.MakeAsync(job, gaps).ConfigureAwait(false);
        string place = plan.Repository.Length > 0 ? " of " + plan.Repository : "";
        string file = plan.Model?.Source.File.Path ?? string.Join(", ", plan.PromptFiles.Select(static file => file.LocalPath));
        Log.Planned(logger, job.Name, file + place, plan.Reason);
        job.TotalBytes = plan.Files.Sum(static file => file.Size);
        job.Report(new(PullStage.Planning) { Model = job.Name, Note = string.Create(CultureInfo.InvariantCulture, $"{file}{place} ({SizeOf(job.TotalBytes)}): {plan.Reason}") });
        using PartialModel partial = store.OpenPartial(plan.Name, completes: gaps is not null);
        if (gaps is null)
            TryWriteRequested(job, partial);
        IReadOnlyList<string> warnings = await RunAsync(pull, plan, partial, job).ConfigureAwait(false);
        if (plan.Model is { } model && gaps is not { IsLoose: true })
            Record(job, model, partial);
        if (gaps is null)
            store.Complete(partial);
        else if (gaps.IsLoose)
            store.CompleteLoose(partial);
        else
            store.Merge(partial, [.. plan.Files.Select(static file => file.LocalPath), .. plan.From is null ? (string[])[] : ["Modelfile"], ModelSource.FileName]);
        Remember(plan);
        if (gaps is not null)
            job.Report(new(PullStage.Writing) { Model = job.Name, Note = $"'{job.Name}' got {string.Join(", ", plan.Files.Select(static file => file.LocalPath).DefaultIfEmpty("Modelfile"))}" });
        foreach (string warning in warnings)
        {
            Log.Lacking(logger, job.Name, warning);
            job.Report(new(PullStage.Writing) { Note = warning });
        }
    }

    private static string SizeOf(long bytes) => bytes < 10_000_000 ? Words.Size(bytes) : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB");

    /// <summary>Downloads the files of a plan. If nothing was downloaded before a failure, for example because the repository is gated, nothing is left.</summary>
    private async Task<IReadOnlyList<string>> RunAsync(ModelPull pull, PullPlan plan, PartialModel partial, PullJob job)
    {
        try
        {
            return await pull.RunAsync(plan, partial.Path, job.Report, job.Cancelled).ConfigureAwait(false);
        }
        catch
        {
            store.DiscardEmpty(partial);
            throw;
        }
    }

    /// <summary>Records where the .rkllm file of the model comes from, in place of an older record.</summary>
    private void Record(PullJob job, PlannedFile model, PartialModel partial)
    {
        try
        {
            new ModelSource(job.Source) { File = model.Source.File.Path, Commit = model.Commit }.Write(partial.Path);
            File.Delete(Path.Join(catalog.Root, partial.Name, ModelSource.FileName));
        }
        catch (DirectoryNotFoundException)
        {
            // The model is new.
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw ModelException.NotWritable(ex);
        }
    }

    /// <summary>Records what was asked for, so that a request with the name of the model continues the download. At the end of the download, <see cref="Record"/> replaces the record.</summary>
    private static void TryWriteRequested(PullJob job, PartialModel partial)
    {
        try
        {
            new ModelSource(job.Origin is null ? job.Requested : job.Source).Write(partial.Path);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // The download fails for the same reason, and reports it.
        }
    }

    /// <summary>Keeps the hashes that the download has checked, so that the node need not compute them for other nodes.</summary>
    private void Remember(PullPlan plan)
    {
        if (!options.SharesModels)
            return;
        foreach (PlannedFile file in plan.Files)
        {
            if (file.Source.File.Sha256 is { } sha256)
                hashes.Remember(Path.Join(catalog.Root, plan.Name, file.LocalPath), sha256);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Pull of {Model}: {Files}, because {Reason}")]
        internal static partial void Planned(ILogger logger, string model, string files, string reason);

        [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Pulled {Model}: {Megabytes} MB in {Seconds:0.0} s")]
        internal static partial void Pulled(ILogger logger, string model, long megabytes, double seconds);

        [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "The download of {Model} stopped before it was complete; {Megabytes} MB are kept")]
        internal static partial void Cancelled(ILogger logger, string model, long megabytes);

        [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "Pull of {Model} failed: {Reason}")]
        internal static partial void Failed(ILogger logger, string model, string reason);

        [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "Model {Model}: {Warning}")]
        internal static partial void Lacking(ILogger logger, string model, string warning);
    }
}
