using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using static RkLlama.Engine.Metrics.Samples;

namespace RkLlama.Engine.Metrics;

/// <summary>
/// The counters and histograms of the server, as instruments of one meter. docs/monitoring.md describes them. The number of values of each label is limited,
/// even if clients send many different names. Thread-safe.
/// </summary>
internal sealed class NodeMetrics : IDisposable
{
    // Clients can copy a model to new names and run each copy, so the number of model labels needs a limit. All further models have the label "other".
    private const int MaxModels = 32;
    private const string OtherModel = "other";

    // Upper bounds of the histogram buckets, in seconds or in tokens per second.
    private static readonly double[] QueueWaitBounds = [0.005, 0.05, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
    private static readonly double[] DurationBounds = [0.1, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640];
    private static readonly double[] FirstTokenBounds = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 300];

    // A board decodes one token in 30 to 250 ms, or in twice that time at half its clock frequencies.
    private static readonly double[] TokenLatencyBounds = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.5, 1, 2.5, 10];
    private static readonly double[] DecodeRateBounds = [1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20, 25, 30, 40, 60, 100];
    private static readonly double[] PrefillRateBounds = [10, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750, 1000, 2500];
    private static readonly double[] LoadBounds = [0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300];

    private readonly ConcurrentDictionary<string, string> _models = new(StringComparer.Ordinal);
    private readonly Counter<long> _requests, _rejections, _promptTokens, _cachedTokens, _outputTokens, _workerStarts, _workerDeaths, _loadFailures, _aborts, _refusedConnections, _prefixTokens, _prefixSaves, _prefixFailures;
    private readonly Counter<double> _prefillSeconds, _decodeSeconds;
    private readonly Histogram<double> _duration, _wait, _firstToken, _tokenLatency, _prefillRate, _decodeRate, _load;

    public NodeMetrics()
    {
        Store = new(Meter);
        _requests = CreateCounter("rkllama_requests_total", "Finished HTTP requests, by API, model, status and finish reason.");
        _duration = CreateHistogram("rkllama_request_duration_seconds", "Time from the arrival of a request to the end of its response. Only requests that ran a model.", DurationBounds);
        _wait = CreateHistogram("rkllama_queue_wait_seconds", "Time that a request waited in the queue.", QueueWaitBounds);
        _rejections = CreateCounter("rkllama_rejections_total", "Requests rejected with 503, by cause.");
        _firstToken = CreateHistogram("rkllama_time_to_first_token_seconds", "Time from the arrival of a request to its first token, including queue and model load.", FirstTokenBounds);
        _tokenLatency = CreateHistogram("rkllama_inter_token_latency_seconds", "Time between two tokens of a generation, as the runtime delivers them.", TokenLatencyBounds);
        _prefillRate = CreateHistogram("rkllama_prefill_tokens_per_second", "Prefill rate per generation. Tokens from the KV cache do not count.", PrefillRateBounds);
        _decodeRate = CreateHistogram("rkllama_decode_tokens_per_second", "Decode rate per generation. The first token does not count.", DecodeRateBounds);
        _prefillSeconds = Meter.CreateCounter<double>("rkllama_prefill_seconds_total", null, "Time that the runtime spent on prefill.");
        _decodeSeconds = Meter.CreateCounter<double>("rkllama_decode_seconds_total", null, "Time that the runtime spent on decode, after the first token.");
        _promptTokens = CreateCounter("rkllama_prompt_tokens_total", "Prompt tokens, including those from the KV cache.");
        _cachedTokens = CreateCounter("rkllama_cached_tokens_total", "Prompt tokens that the runtime found in its KV cache.");
        _outputTokens = CreateCounter("rkllama_output_tokens_total", "Generated tokens.");
        _load = CreateHistogram("rkllama_model_load_seconds", "Time that a worker took to start and load its model.", LoadBounds);
        _loadFailures = CreateCounter("rkllama_model_load_failures_total", "Failed model loads.");
        _workerStarts = CreateCounter("rkllama_worker_starts_total", "Started workers.");
        _workerDeaths = CreateCounter("rkllama_worker_deaths_total", "Workers that ended unexpectedly, by signal and cause.");
        _refusedConnections = CreateCounter("rkllama_connections_refused_total", "Connections that were closed at once, because the server or their address had too many.");
        _aborts = CreateCounter("rkllama_aborts_total", "Runs that were aborted, by cause.");

        _prefixTokens = CreateCounter("rkllama_prefix_loaded_tokens_total", "Tokens that workers loaded from the disk into their KV caches.");
        _prefixSaves = CreateCounter("rkllama_prefix_saves_total", "Prefixes of prompts that were saved to the disk.");
        _prefixFailures = CreateCounter("rkllama_prefix_failures_total", "Prefixes of prompts that were not saved or not loaded, by cause.");

        // Prometheus sees the first event as an increase only if the series already exists with the value 0.
        foreach (string cause in RejectionCause.All)
            _rejections.Add(0, Tag("cause", cause));
        foreach (string cause in AbortLabel.All)
            _aborts.Add(0, Tag("cause", cause));
        foreach (string signal in (string[])["SIGSEGV", "SIGABRT", "SIGKILL"])
            _workerDeaths.Add(0, Tag("signal", signal), Tag("cause", "crash"));
        foreach (string cause in PrefixFailureLabel.All)
            _prefixFailures.Add(0, Tag("cause", cause));
        _prefixTokens.Add(0);
        _prefixSaves.Add(0);
        _workerStarts.Add(0);
        _loadFailures.Add(0);
        _refusedConnections.Add(0);
    }

    /// <summary>The meter of the server. Other classes add their gauges to it.</summary>
    internal Meter Meter { get; } = new("RkLlama");

    internal MetricStore Store { get; }

    /// <summary>Records a finished HTTP request.</summary>
    /// <param name="api">The API of the request: <c>rkllama</c>, <c>openai</c>, <c>ollama</c>, <c>operations</c> or <c>other</c>.</param>
    /// <param name="model">The model of the request; null if the request used none.</param>
    /// <param name="status">The HTTP status code.</param>
    /// <param name="finishReason"><c>stop</c>, <c>length</c>, <c>tool_calls</c>, <c>cancelled</c> or <c>error</c>; empty if no run started.</param>
    /// <param name="duration">From the arrival of the request to the end of its response; null if no run started.</param>
    internal void RecordRequest(string api, string? model, int status, string finishReason, TimeSpan? duration)
    {
        _requests.Add(
            1,
            Tag("api", api),
            Tag("model", model is null ? "" : LabelOf(model)),
            Tag("status", status.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            Tag("finish_reason", finishReason));
        if (duration is { } time)
            _duration.Record(time.TotalSeconds, Tag("api", api));
    }

    internal void RecordQueueWait(TimeSpan wait) => _wait.Record(wait.TotalSeconds);

    /// <param name="cause">A constant of <see cref="RejectionCause"/>.</param>
    internal void RecordRejection(string cause) => _rejections.Add(1, Tag("cause", cause));

    internal void RecordRefusedConnection() => _refusedConnections.Add(1);

    /// <summary>Records one turn of a generation after its last run, even if the client has disconnected.</summary>
    internal void RecordGeneration(GenerationSample sample)
    {
        KeyValuePair<string, object?> model = ModelTag(sample.Model);
        _promptTokens.Add(sample.PromptTokens, model);
        _cachedTokens.Add(sample.CachedTokens, model);
        _outputTokens.Add(sample.OutputTokens, model);
        _prefillSeconds.Add(sample.Prefill.TotalSeconds, model);
        _decodeSeconds.Add(sample.Decode.TotalSeconds, model);
        if (sample.TimeToFirstToken is { } first)
            _firstToken.Record(first.TotalSeconds, model);
        if (sample.PrefillRate is { } prefill)
            _prefillRate.Record(prefill, model);
        if (sample.DecodeRate is { } decode)
            _decodeRate.Record(decode, model);
    }

    internal void RecordEmbedding(string model, int tokens) => _promptTokens.Add(tokens, ModelTag(model));

    /// <summary>Records the time since the previous token of a run. Called for each token: if the series exists, allocates nothing and takes no lock.</summary>
    /// <param name="model">The label of the model, from <see cref="ModelTag"/>.</param>
    internal void RecordInterTokenLatency(TimeSpan latency, KeyValuePair<string, object?> model) => _tokenLatency.Record(latency.TotalSeconds, model);

    internal void RecordModelLoad(string model, TimeSpan time) => _load.Record(time.TotalSeconds, ModelTag(model));

    internal void RecordModelLoadFailure() => _loadFailures.Add(1);

    /// <summary>Records that a worker has loaded the saved prefix of its model.</summary>
    internal void RecordPrefixLoad(int tokens) => _prefixTokens.Add(tokens);

    internal void RecordPrefixSave() => _prefixSaves.Add(1);

    /// <param name="cause">A constant of <see cref="PrefixFailureLabel"/>.</param>
    internal void RecordPrefixFailure(string cause) => _prefixFailures.Add(1, Tag("cause", cause));

    internal void RecordWorkerStart() => _workerStarts.Add(1);

    /// <summary>Records a worker that exited unexpectedly or had to be killed.</summary>
    /// <param name="signal">From <c>WorkerExit.SignalOf</c>: the name of the signal, such as SIGSEGV, or <c>none</c>.</param>
    /// <param name="cause"><c>hung</c> if the server had to kill the worker because its run did not end after an abort, else <c>crash</c>.</param>
    internal void RecordWorkerDeath(string signal, string cause) => _workerDeaths.Add(1, Tag("signal", signal), Tag("cause", cause));

    /// <param name="cause">A constant of <see cref="AbortLabel"/>.</param>
    internal void RecordAbort(string cause) => _aborts.Add(1, Tag("cause", cause));

    /// <summary>Records a run that the watchdog aborted because the runtime exceeded a timeout.</summary>
    internal void RecordTimeoutAbort() => RecordAbort(AbortLabel.Timeout);

    /// <summary>Returns the label of a model for metrics that have one series per model. After the first 32 models, the value is <c>other</c>.</summary>
    internal KeyValuePair<string, object?> ModelTag(string model) => Tag("model", LabelOf(model));

    private string LabelOf(string model) =>
        _models.TryGetValue(model, out string? known) ? known : _models.Count < MaxModels ? _models.GetOrAdd(model, model) : OtherModel;

    private Counter<long> CreateCounter(string name, string help) => Meter.CreateCounter<long>(name, null, help);

    private Histogram<double> CreateHistogram(string name, string help, double[] bounds) =>
        Meter.CreateHistogram(name, null, help, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

    public void Dispose()
    {
        Store.Dispose();
        Meter.Dispose();
    }
}
