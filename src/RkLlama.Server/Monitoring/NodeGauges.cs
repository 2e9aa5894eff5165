using System.Diagnostics;
using System.Diagnostics.Metrics;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Connections;
using static RkLlama.Engine.Metrics.Samples;

namespace RkLlama.Server.Monitoring;

/// <summary>
/// Metrics of the node's state at the time of a scrape. They come from the server's own state and from files of the kernel. Never sends a request to the
/// worker.
/// </summary>
internal sealed class NodeGauges
{
    private readonly NodeMetrics _metrics;
    private readonly HardwareGauges _hardware;
    private readonly ModelHost _host;

    public NodeGauges(
        NodeMetrics metrics,
        HardwareGauges hardware,
        ModelHost host,
        RunQueue queue,
        Readiness readiness,
        ConnectionLimiter connections,
        DroppedLogLines dropped,
        NodeOptions options)
    {
        (_metrics, _hardware, _host) = (metrics, hardware, host);
        Meter meter = metrics.Meter;
        Info(
            "rkllama_build_info",
            "Version of the server and name of the node.",
            () => [new(1, Tag("version", BuildInfo.Version), Tag("node", options.NodeName))]);
        Info("rkllama_runtime_info", "Versions of the vendor's library and of the NPU driver, while a model is loaded.", Runtime);
        Info("rkllama_model_info", "The models in memory. Models that have failed are not in memory.", () => PerModel(static _ => 1));
        Info("rkllama_model_state", "1 for the current state of the model for requests that do not name one, 0 for the others.", States);
        Info("rkllama_model_memory_bytes", "Estimated memory of each model in memory, with all its KV slots.", () => PerModel(static resident => resident.TotalBytes));
        Info("rkllama_model_slots", "Number of workers of each model in memory, each with its own KV cache.", () => PerModel(static resident => resident.Workers.Count()));
        Gauge("rkllama_ready", "1 while /ready answers 200.", () => readiness.Evaluate().Reason is null ? 1 : 0);
        Gauge("rkllama_requests_running", "Active runs: 0 or 1.", () => queue.IsBusy ? 1 : 0);
        Gauge("rkllama_requests_waiting", "Requests that wait in the queue.", () => queue.Waiting);
        Gauge("rkllama_queue_capacity", "Requests that may wait in the queue.", () => queue.Capacity);
        Gauge("rkllama_connections_open", "Open connections to the server.", () => connections.Open);
        meter.CreateObservableCounter("rkllama_log_dropped_total", () => (double)dropped.Count, null, "Log lines that were dropped, because stdout did not accept them.");
        Info(
            "rkllama_worker_resident_memory_bytes",
            "Resident memory of the workers. It does not contain all memory that the NPU driver allocated for the models.",
            WorkerMemory);

        // These three have the standard names of Prometheus' client libraries.
        Info("process_resident_memory_bytes", "Resident memory of the server.", () => Bytes(ProcessMemory.ResidentBytes(Environment.ProcessId)));
        Gauge("process_start_time_seconds", "Start time of the server, Unix time.", static () => Started);
        meter.CreateObservableCounter("process_cpu_seconds_total", static () => Environment.CpuUsage.TotalTime.TotalSeconds, null, "CPU time of the server.");

        void Gauge(string name, string help, Func<double> read) => meter.CreateObservableGauge(name, read, null, help);

        void Info(string name, string help, Func<IEnumerable<Measurement<double>>> read) => meter.CreateObservableGauge(name, read, null, help);
    }

    private static double Started { get; } = StartTime();

    /// <summary>Reads the hardware, and returns all metrics in Prometheus' text format.</summary>
    internal byte[] Scrape()
    {
        _hardware.Refresh();
        return _metrics.Store.Scrape();
    }

    private IEnumerable<Measurement<double>> Runtime()
    {
        if (_host.Status.Facts is { } facts)
            yield return new(1, Tag("version", facts.RuntimeVersion), Tag("driver_version", facts.DriverVersion ?? ""));
    }

    private IEnumerable<Measurement<double>> States()
    {
        string now = _host.Status.State.ToWire();
        foreach (string state in ModelStates.WireNames)
            yield return new(state == now ? 1 : 0, Tag("state", state));
    }

    private IEnumerable<Measurement<double>> WorkerMemory() =>
        _host.Residents.SelectMany(static resident => resident.Workers).Select(static resident => resident.Model.ProcessId is { } process ? ProcessMemory.ResidentBytes(process) : null).Sum() is { } sum and > 0
            ? Bytes(sum)
            : [];

    private IEnumerable<Measurement<double>> PerModel(Func<Resident, double> read) =>
        _host.Residents.Where(static resident => resident.IsInMemory).Select(resident => new Measurement<double>(read(resident), ModelTag(resident)));

    private KeyValuePair<string, object?> ModelTag(Resident resident) => _metrics.ModelTag(resident.Model.Name);

    private static double StartTime()
    {
        using Process self = Process.GetCurrentProcess();
        return new DateTimeOffset(self.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0;
    }
}
