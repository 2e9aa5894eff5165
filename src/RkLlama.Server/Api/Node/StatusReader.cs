using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Api.Node;

/// <summary>Reads the state of the node for the page and for other nodes. Does not wait for runs or loads, and does not communicate with workers. Thread-safe.</summary>
internal sealed class StatusReader(
    NodeOptions options,
    ModelHost host,
    RunQueue queue,
    Readiness readiness,
    ActiveRequestReader requests,
    ActiveRequests active,
    RequestHistory history,
    ReferenceSpeed reference,
    RecentHardware hardware,
    DownloadReader downloads,
    FaultLog faults,
    DiskSpace disk,
    Uptime uptime,
    TimeProvider time)
{
    internal NodeStatus Read()
    {
        ModelStatus status = host.Status;
        NodeReading reading = hardware.Read();
        IReadOnlyList<Resident> residents = host.Residents;
        return new(
            options.NodeName,
            BuildInfo.Version,
            time.GetUtcNow(),
            uptime.Seconds,
            readiness.Evaluate(),
            status.State.ToWire(),
            status.Model,
            [.. residents.Reverse().Select(Describe)],
            ReadQueue(),
            requests.Read(),
            NpuReply.From(reading),
            ResidentReport.MemoryOf(reading.Memory, residents),
            ReadRates(),
            downloads.Read(),
            [.. faults.Recent.Select(static fault => new HealthFault(fault.At, fault.Model, fault.Reason))],
            disk.Read(),
            status.Facts is { } facts ? new(facts.RuntimeVersion, facts.DriverVersion) : null,
            reference.Compare(reading),
            new(options.ApiKey is not null, options.IsReadOnly, options.AllowsEdits && !options.IsReadOnly, options.ApiKey is not null, options.Peers.Count));
    }

    internal NodeQueue ReadQueue() => new(queue.IsBusy ? 1 : 0, queue.Waiting, queue.Capacity);

    /// <summary>Returns the rates of the last run. A run that is not over counts as soon as its decode rate is known; it has no prefill rate yet.</summary>
    private NodeRates ReadRates()
    {
        FinishedRequest? last = history.LastRun;
        return active.CurrentRun() is { } run
            ? new(NodeRequest.Round(run.Trace.CurrentDecodeRate), NodeRequest.Round(last?.PrefillRate), NodeRequest.Ms(run.ToFirstToken))
            : new(NodeRequest.Round(last?.DecodeRate), NodeRequest.Round(last?.PrefillRate), NodeRequest.Ms(last?.ToFirstToken));
    }

    private static NodeModel Describe(Resident resident)
    {
        ModelInstance model = resident.Model;
        return new(
            model.Name,
            model.Role.ToWire(),
            model.State.ToWire(),
            model.IsPinned,
            resident.TotalBytes,
            resident.HoldsDomains ? resident.Domain : null,
            model.IdleTimer?.Remaining is { } rest ? Math.Round(Math.Max(0, rest.TotalSeconds), 1) : null,
            model.LoadTime is { } load ? Math.Round(load.TotalSeconds, 2) : null,
            model.ContextLength,
            RateOf(model.Pace.DecodePerToken),
            RateOf(model.Pace.PrefillPerToken))
        {
            Slots = ResidentReport.SlotsOf(resident),
        };
    }

    internal static double? RateOf(TimeSpan perToken) => perToken > TimeSpan.Zero ? Math.Round(1 / perToken.TotalSeconds, 2) : null;
}
