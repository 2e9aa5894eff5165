using System.Text.RegularExpressions;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;
using RkLlama.Hub;
using RkLlama.Hub.Download;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Names;
using RkLlama.Hub.Pull;
using RkLlama.Hub.Selection;

namespace RkLlama.Server.Pulls;

/// <summary>Decides what a pull brings: from a hub, from another node or from a path of this machine. Thread-safe.</summary>
internal sealed partial class PullPlans(
    NodeOptions options, ModelCatalog catalog, ModelHost host, IEngine engine, HardwareReader hardware, Func<HubOptions> hubs, Lazy<ShortNames> names, TimeProvider clock)
    : IDisposable
{
    private const string DefaultPlatform = "rk3588";

    // Guards the three fields below.
    private readonly Lock _lock = new();
    private readonly List<Downloads> _all = [];
    private Downloads? _hubs;
    private Downloads? _nodes;

    private readonly RateLimit _rate = new(options.PullBytesPerSecond, clock);

    // The version that the vendor library had when it was probed. Null before that.
    private volatile string? _probedVersion;

    [GeneratedRegex(@"\d+\.\d+\.\d+", RegexOptions.CultureInvariant)]
    private static partial Regex VersionText { get; }

    /// <summary>Returns the name that a model gets if the request names none.</summary>
    /// <exception cref="HubException">The request is not the name of a model.</exception>
    internal string NameOf(string requested, PullOrigin? origin) => origin switch
    {
        { Path: { } path } => LocalPlan.NameOf(path),
        { Node: not null } => ShortNames.LocalNameOf(requested),
        _ when NodeModelAddress.TryParse(requested, out _, out string? model) => ShortNames.LocalNameOf(model),
        _ => PullPlanner.NameOf(names.Value, requested),
    };

    /// <summary>Whether the settings forbid requests to hubs.</summary>
    internal bool IsOffline => hubs().IsOffline;

    /// <summary>The table of short names.</summary>
    internal ShortNames Names => names.Value;

    /// <summary>Whether a table of short names has the name.</summary>
    internal bool IsShortName(string requested) => names.Value.Find(requested).Count > 0;

    /// <summary>Makes the plan of a pull.</summary>
    /// <param name="gaps">What the model lacks; <see langword="null"/> if the node does not have it.</param>
    /// <returns>The plan, and what carries it out.</returns>
    /// <exception cref="HubException">There is no such model, or no file that fits, or the source does not answer.</exception>
    /// <exception cref="ModelException">The Modelfile of a local source is not valid.</exception>
    internal async Task<(PullPlan Plan, ModelPull Pull)> MakeAsync(PullJob job, ModelGaps? gaps)
    {
        void Note(string note) => job.Report(new(PullStage.Planning) { Note = note });
        SelectionRequest request = await RequestAsync().ConfigureAwait(false);
        PullPlan plan;
        ModelPull pull;
        if (job.Origin is { Path: not null } local)
        {
            plan = new LocalPlan(catalog.Root).Make(local, job.Name, request);
            pull = new(null, _rate);
        }
        else
        {
            Downloads downloads = GetDownloads(isNode: job.Origin is not null);
            pull = downloads.Pull;
            plan = job.Origin?.Node is { } node
                ? await downloads.Planner.PlanFromNodeAsync(
                    new(downloads.Connection, node, clock), job.Requested, job.Name, request, Note, job.Cancelled).ConfigureAwait(false)
                : await downloads.Planner.PlanAsync(job.Requested, job.Name, request, gaps?.Needs ?? PullNeeds.All, Note, job.Cancelled).ConfigureAwait(false);
        }

        if (gaps is null)
            return (plan, pull);
        plan = gaps.Limit(plan);
        return plan.From is null && !plan.Files.Any()
            ? throw new HubException(HubError.FileNotFound, $"{job.Requested} has nothing that {job.Name} lacks{string.Concat(plan.Warnings.Select(static warning => "; " + warning))}")
            : (plan, pull);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Downloads one in _all)
            one.Dispose();
    }

    /// <summary>Returns what downloads need. A node without pulls never needs TLS.</summary>
    private Downloads GetDownloads(bool isNode)
    {
        if (!TlsLibrary.IsInstalled)
            throw new HubException(HubError.Tls, TlsLibrary.Missing);
        lock (_lock)
        {
            if (isNode)
                return _nodes ??= Create(new HubOptions(), usesProxy: false);

            // The operator may have written a token file since the last pull. Pulls that run keep their connection.
            HubOptions now = hubs();
            return _hubs?.Options == now ? _hubs : _hubs = Create(now, usesProxy: true);
        }
    }

    private Downloads Create(HubOptions hub, bool usesProxy)
    {
        HubConnection connection = new(hub, $"rkllama/{BuildInfo.Version}", clock, usesProxy);
        DownloadOptions download = new() { BytesPerSecond = options.PullBytesPerSecond };
        Downloads created = new(hub, connection, new(names.Value, connection, hub), new(new(connection, hub, download, _rate, clock), _rate));
        _all.Add(created);
        return created;
    }

    private async Task<SelectionRequest> RequestAsync() => new()
    {
        Platform = options.TargetPlatform ?? hardware.Read().Platform ?? DefaultPlatform,
        Runtime = await RuntimeAsync().ConfigureAwait(false),
    };

    /// <summary>
    /// Returns the version of the vendor library: that of the loaded model, else that of a probe. Of a range of versions, returns the last one, so that no file is
    /// refused that the library may be able to read.
    /// </summary>
    private async Task<Version?> RuntimeAsync()
    {
        string? text = host.Status.Facts?.RuntimeVersion ?? options.RuntimeVersion ?? _probedVersion;
        if (text is null)
            _probedVersion = text = await engine.ProbeAsync().ConfigureAwait(false);
        return text is not null && VersionText.Matches(text).LastOrDefault() is { } match ? Version.Parse(match.Value) : null;
    }

    /// <summary>Reads the tables of short names, and logs their errors.</summary>
    internal static ShortNames LoadNames(ILogger logger)
    {
        ShortNames names = ShortNames.Load();
        foreach (string warning in names.Warnings)
            Log.Table(logger, warning);
        return names;
    }

    /// <summary>What downloads need.</summary>
    private sealed record Downloads(HubOptions Options, HubConnection Connection, PullPlanner Planner, ModelPull Pull) : IDisposable
    {
        public void Dispose() => Connection.Dispose();
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "{Warning}")]
        internal static partial void Table(ILogger logger, string warning);
    }
}
