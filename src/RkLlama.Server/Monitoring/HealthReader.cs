using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Pulls;

namespace RkLlama.Server.Monitoring;

/// <summary>Reads the state for <c>GET /health</c>. Does not wait for runs or loads, and does not communicate with workers. Thread-safe.</summary>
internal sealed class HealthReader(ModelHost host, RunQueue queue, PullService pulls, Uptime uptime)
{
    internal HealthReply Read()
    {
        ModelStatus status = host.Status;
        IReadOnlyList<Resident> residents = host.Residents;
        return new(
            "ok",
            BuildInfo.Version,
            uptime.Seconds,
            status.State.ToWire(),
            status.Model,
            status.Facts?.RuntimeVersion,
            status.Facts?.DriverVersion,
            new(queue.IsBusy ? 1 : 0, queue.Waiting),
            status.LastFault is { } fault ? new(fault.At, fault.Model, fault.Reason) : null)
        {
            Models = [.. residents.Reverse().Select(Describe)],
            Memory = ResidentReport.MemoryOf(host.Memory.Read(), residents),
            Downloads = pulls.Describe() is { Count: > 0 } downloads ? downloads : null,
        };
    }

    private static HealthModel Describe(Resident resident) => new(
        resident.Model.Name,
        resident.Model.State.ToWire(),
        resident.Model.IsPinned,
        resident.TotalBytes,
        resident.HoldsDomains ? resident.Domain : null,
        resident.Model.IdleTimer?.Remaining is { } rest ? Math.Round(Math.Max(0, rest.TotalSeconds), 3) : null)
    {
        NpuDomains = [.. ResidentReport.DomainsOf(resident)],
        Slots = ResidentReport.SlotsOf(resident),
    };
}
