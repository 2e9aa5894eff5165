using System.Buffers;
using System.Net;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Engine.Configuration;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;
using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Api.Node.Events;

/// <summary>
/// Makes the events of <c>GET /node/events</c>, once for all readers. While there are readers, one task looks every half second at what has changed. Without
/// readers, nothing is computed. Thread-safe.
/// </summary>
internal sealed partial class EventHub(
    StatusReader status,
    ActiveRequestReader requests,
    DownloadReader downloads,
    NodeSampler sampler,
    RequestHistory history,
    LogRing log,
    NodeOptions options,
    TimeProvider time,
    ILogger<EventHub> logger)
{
    internal const int MaxReaders = 16;

    // One client must not take the streams of all others.
    internal const int MaxReadersPerAddress = 4;

    private const int RetryAfterSeconds = 10;

    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();

    // Guarded by _lock.
    private readonly List<EventReader> _readers = [];
    private bool _isRunning;

    // Used by the task only.
    private string _lastQueue = "";
    private bool _hadDownloads;
    private long _logged;

    /// <summary>Adds a reader. Its first event is a snapshot.</summary>
    /// <param name="address">The address under which the reader is counted.</param>
    /// <exception cref="ApiException">There are too many readers, in total or with this address.</exception>
    internal EventReader Join(IPAddress address)
    {
        EventReader reader = new(address);
        lock (_lock)
        {
            if (_readers.Count == MaxReaders)
                throw Full($"{MaxReaders} pages read the events already.");
            if (_readers.Count(other => other.Address.Equals(address)) == MaxReadersPerAddress)
                throw Full($"{MaxReadersPerAddress} pages read the events from your address already.");
            sampler.Look();
            reader.Add(Serialize("snapshot", Snapshot(), NodeJson.Wire.NodeEventSnapshot));
            _readers.Add(reader);
            if (_isRunning)
                return reader;
            _isRunning = true;
            history.Added += OnRequest;
            sampler.Sampled += OnSample;
        }

        _ = Task.Run(RunAsync);
        return reader;
    }

    internal void Leave(EventReader reader)
    {
        lock (_lock)
            _readers.Remove(reader);
    }

    private static ApiException Full(string reason) => new(StatusCodes.Status503ServiceUnavailable, new(reason)) { RetryAfterSeconds = RetryAfterSeconds };

    private NodeEventSnapshot Snapshot() =>
        new(status.Read(), sampler.All, [.. history.All.Select(NodeRequest.From)], options.ApiKey is null ? [] : log.All.Lines);

    private async Task RunAsync()
    {
        _logged = log.All.Added;
        using PeriodicTimer timer = new(Interval, time);
        for (bool isWholeSecond = false; await timer.WaitForNextTickAsync().ConfigureAwait(false) && HasReaders(); isWholeSecond = !isWholeSecond)
        {
            try
            {
                Look(isWholeSecond);
            }
            catch (Exception ex)
            {
                // The readers continue with the next events.
                Log.Failed(logger, ex);
            }
        }
    }

    /// <summary>Whether the task has to continue. If not, the next reader starts it again.</summary>
    private bool HasReaders()
    {
        lock (_lock)
        {
            if (_readers.Count > 0)
                return true;
            _isRunning = false;
            history.Added -= OnRequest;
            sampler.Sampled -= OnSample;
            return false;
        }
    }

    /// <summary>Sends the events of half a second.</summary>
    private void Look(bool isWholeSecond)
    {
        sampler.Look();
        SendQueue();
        SendDownloads();
        SendLog();
        if (isWholeSecond)
            Send("status", status.Read(), NodeJson.Wire.NodeStatus);
    }

    private void SendQueue()
    {
        IReadOnlyList<NodeActiveRequest> active = requests.Read();
        string queue = string.Join('\n', active.Select(static request => $"{request.Id} {request.Phase} {request.Position}"));
        if (queue == _lastQueue)
            return;
        _lastQueue = queue;
        NodeQueue counts = status.ReadQueue();
        Send("queue", new(counts.Running, counts.Waiting, counts.Capacity, active), NodeJson.Wire.NodeQueueEvent);
    }

    private void SendDownloads()
    {
        IReadOnlyList<NodeDownload> now = downloads.Read();
        bool isRunning = now.Any(static download => download.Error is null);
        if (isRunning || _hadDownloads)
            Send("pull", new(now), NodeJson.Wire.NodePullEvent);
        _hadDownloads = isRunning;
    }

    private void SendLog()
    {
        if (options.ApiKey is null)
            return;
        (IReadOnlyList<LogLine> lines, _logged) = log.Since(_logged);
        if (lines.Count > 0)
            Send("log", new(lines), NodeJson.Wire.NodeLog);
    }

    private void OnRequest(FinishedRequest request) => Send("request", NodeRequest.From(request), NodeJson.Wire.NodeRequest);

    private void OnSample(NodeSample sample) => Send("sample", sample, NodeJson.Wire.NodeSample);

    private void Send<T>(string name, T value, JsonTypeInfo<T> type)
    {
        byte[] message = Serialize(name, value, type);
        lock (_lock)
        {
            foreach (EventReader reader in _readers)
                reader.Add(message);
        }
    }

    private static byte[] Serialize<T>(string name, T value, JsonTypeInfo<T> type)
    {
        ArrayBufferWriter<byte> buffer = new();
        new JsonEventWriter().WriteSse(value, type, buffer, name);
        return buffer.WrittenSpan.ToArray();
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "The state for the page cannot be read")]
        internal static partial void Failed(ILogger logger, Exception exception);
    }
}
