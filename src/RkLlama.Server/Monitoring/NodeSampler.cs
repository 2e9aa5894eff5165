using RkLlama.Engine.Hardware;
using RkLlama.Engine.Scheduling;

namespace RkLlama.Server.Monitoring;

/// <summary>
/// Keeps samples of the last 15 minutes for the charts of the page. Takes one every 5 s while a request has the NPU, and while somebody looks or has looked in the
/// last 15 minutes. Otherwise it has no timer, so an idle node does not wake up. A gap in the samples means that the node was idle. Thread-safe.
/// </summary>
internal sealed class NodeSampler : IDisposable
{
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    internal static readonly TimeSpan Kept = TimeSpan.FromMinutes(15);

    private static readonly int Capacity = (int)(Kept / Interval);

    private readonly RunQueue _queue;
    private readonly ActiveRequests _requests;
    private readonly RequestHistory _history;
    private readonly RecentHardware _hardware;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();

    // Guarded by _lock. The oldest one first, each with its timestamp.
    private readonly Queue<(NodeSample Sample, long At)> _samples = new(Capacity);
    private long _tokens;

    // 1 while the timer runs.
    private int _isOn;

    // Timestamp of the last request for the state of the node; 0 before the first one.
    private long _looked;

    public NodeSampler(RunQueue queue, ActiveRequests requests, RequestHistory history, RecentHardware hardware, TimeProvider time)
    {
        (_queue, _requests, _history, _hardware, _time) = (queue, requests, history, hardware, time);
        _timer = time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        queue.SlotTaken += Start;
    }

    /// <summary>Raised when a sample was taken. Handlers must return at once.</summary>
    internal event Action<NodeSample>? Sampled;

    /// <summary>The samples of the last 15 minutes, the oldest one first.</summary>
    internal IReadOnlyList<NodeSample> All
    {
        get
        {
            lock (_lock)
            {
                DropOld();
                return [.. _samples.Select(static one => one.Sample)];
            }
        }
    }

    /// <summary>Records that somebody looks. Takes a sample at once if the timer did not run.</summary>
    internal void Look()
    {
        Volatile.Write(ref _looked, _time.GetTimestamp());
        if (Volatile.Read(ref _isOn) == 0)
            Sample();
        Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _queue.SlotTaken -= Start;
        _timer.Dispose();
    }

    private void Start()
    {
        if (Interlocked.Exchange(ref _isOn, 1) == 0)
            _timer.Change(Interval, Interval);
    }

    private void Tick()
    {
        Sample();
        if (IsNeeded())
            return;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Volatile.Write(ref _isOn, 0);

        // A run may have started meanwhile.
        if (IsNeeded())
            Start();
    }

    private bool IsNeeded() => _queue.IsBusy || (Volatile.Read(ref _looked) is not 0 and var looked && _time.GetElapsedTime(looked) < Kept);

    private void Sample()
    {
        NodeReading reading = _hardware.Read();
        NodeSample sample;
        lock (_lock)
        {
            DropOld();
            long tokens = _requests.OutputTokens, at = _time.GetTimestamp();

            // After a gap, the tokens belong to the run that has just started.
            TimeSpan passed = _samples.Count > 0 && _time.GetElapsedTime(_samples.Last().At, at) is var since && since < Interval ? since : Interval;
            double rate = passed > TimeSpan.Zero ? Math.Max(0, tokens - _tokens) / passed.TotalSeconds : 0;
            _tokens = tokens;
            sample = new(
                _time.GetUtcNow(),
                reading.CoreLoads,
                reading.Clock("npu").Hertz,
                reading.Clock("ddr").Hertz,
                CelsiusOf(reading.Temperatures.Where(static zone => zone.Zone.StartsWith("npu", StringComparison.Ordinal))),
                CelsiusOf(reading.Temperatures),
                reading.Memory?.AvailableBytes,
                Math.Round(rate, 2),
                FirstTokenMs(passed),
                _queue.IsBusy ? 1 : 0,
                _queue.Waiting);
            if (_samples.Count == Capacity)
                _samples.Dequeue();
            _samples.Enqueue((sample, at));
        }

        Sampled?.Invoke(sample);
    }

    /// <summary>Returns the TTFT of the last request whose first token came in the time before now; null if there is none.</summary>
    private double? FirstTokenMs(TimeSpan before)
    {
        TimeSpan? last = null;
        TimeSpan best = before;
        foreach (ActiveRequest request in _requests.WithModel.Concat(_history.All.Take(32).Select(static one => one.Request)))
        {
            if (request.ToFirstToken is not { } first || request.Elapsed - first is var age && age > best)
                continue;
            (last, best) = (first, request.Elapsed - first);
        }

        return last is { } time ? Math.Round(time.TotalMilliseconds, 1) : null;
    }

    private static double? CelsiusOf(IEnumerable<TemperatureReading> zones) =>
        zones.Select(static zone => (double?)zone.Celsius).Max() is { } celsius ? Math.Round(celsius, 1) : null;

    private void DropOld()
    {
        while (_samples.TryPeek(out (NodeSample Sample, long At) oldest) && _time.GetElapsedTime(oldest.At) > Kept)
            _samples.Dequeue();
    }
}
