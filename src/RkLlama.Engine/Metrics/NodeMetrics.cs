using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using static RkLlama.Engine.Metrics.Samples;

namespace RkLlama.Engine.Metrics;

/// <summary>
/// What the node counts and times, as instruments of one meter; docs/monitoring.md has the same names. Labels have few values each: no client makes
/// one. Any thread.
/// </summary>
internal sealed class NodeMetrics : IDisposable
{
    // A client can copy a model as often as it likes, and run each copy.
    private const int MostModels = 32;
    private const string OtherModel = "other";


    private static readonly double[] Waits = [0.005, 0.05, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
    private static readonly double[] Durations = [0.1, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640];
    private static readonly double[] FirstTokens = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 300];

    // Boards decode a token in 30 to 250 ms; at half their clocks, in twice that.
    private static readonly double[] TokenGaps = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.5, 1, 2.5, 10];
    private static readonly double[] DecodeRates = [1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20, 25, 30, 40, 60, 100];
    private static readonly double[] PrefillRates = [10, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750, 1000, 2500];
    private static readonly double[] Loads = [0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300];

    private readonly ConcurrentDictionary<string, string> _models = new(StringComparer.Ordinal);
    private readonly Counter<long> _requests, _rejections, _promptTokens, _cachedTokens, _outputTokens, _workerStarts, _workerDeaths, _loadFailures, _aborts;
    private readonly Counter<double> _prefillSeconds, _decodeSeconds;
    private readonly Histogram<double> _duration, _wait, _firstToken, _tokenGap, _prefillRate, _decodeRate, _load;

    public NodeMetrics()
    {
        Store = new(Meter);
        _requests = Count("rkllama_requests_total", "HTTP requests answered, by API, model that answered, status and finish reason.");
        _duration = Time("rkllama_request_duration_seconds", "Time from a request's arrival to the end of its answer, of requests that ran a model.", Durations);
        _wait = Time("rkllama_queue_wait_seconds", "Time from joining the queue to the turn.", Waits);
        _rejections = Count("rkllama_rejections_total", "Requests sent away with a 503, by cause.");
        _firstToken = Time("rkllama_time_to_first_token_seconds", "Time from a request's arrival to its first token, queue and load included.", FirstTokens);
        _tokenGap = Time("rkllama_inter_token_latency_seconds", "Time from one token of an answer to the next, as the runtime delivers them.", TokenGaps);
        _prefillRate = Time("rkllama_prefill_tokens_per_second", "Prompt tokens by the time they took, by answer; tokens from the KV cache are not among them.", PrefillRates);
        _decodeRate = Time("rkllama_decode_tokens_per_second", "Tokens after the first by the time they took, by answer.", DecodeRates);
        _prefillSeconds = Meter.CreateCounter<double>("rkllama_prefill_seconds_total", null, "Time that prompts took in the runtime.");
        _decodeSeconds = Meter.CreateCounter<double>("rkllama_decode_seconds_total", null, "Time that the tokens after the first took in the runtime.");
        _promptTokens = Count("rkllama_prompt_tokens_total", "Tokens of prompts, those from the KV cache included.");
        _cachedTokens = Count("rkllama_cached_tokens_total", "Tokens of prompts that the runtime had in its KV cache.");
        _outputTokens = Count("rkllama_output_tokens_total", "Tokens of answers.");
        _load = Time("rkllama_model_load_seconds", "Time that a worker took to start and load its model.", Loads);
        _loadFailures = Count("rkllama_model_load_failures_total", "Loads of a model that failed.");
        _workerStarts = Count("rkllama_worker_starts_total", "Workers that were started.");
        _workerDeaths = Count("rkllama_worker_deaths_total", "Workers that ended without having been asked to, by signal and by cause.");
        _aborts = Count("rkllama_aborts_total", "Runs that were ended before their own end, by cause.");

        // A series that is there from the start shows its first event as an increase.
        foreach (string cause in RejectionCause.All)
            _rejections.Add(0, Tag("cause", cause));
        foreach (string cause in AbortLabel.All)
            _aborts.Add(0, Tag("cause", cause));
        foreach (string signal in (string[])["SIGSEGV", "SIGABRT", "SIGKILL"])
            _workerDeaths.Add(0, Tag("signal", signal), Tag("cause", "crash"));
        _workerStarts.Add(0);
        _loadFailures.Add(0);
    }

    /// <summary>Gauges of others belong to it too.</summary>
    internal Meter Meter { get; } = new("RkLlama");

    internal MetricStore Store { get; }

    /// <param name="api">The API that was called: rkllama, openai, ollama, operations or other.</param>
    /// <param name="model">The model that was asked; null for a request that has nothing to do with one.</param>
    /// <param name="finishReason">Of the answer; empty where no run began.</param>
    /// <param name="duration">Null where no run began.</param>
    internal void RequestEnded(string api, string? model, int status, string finishReason, TimeSpan? duration)
    {
        _requests.Add(
            1,
            Tag("api", api),
            Tag("model", model is null ? "" : Bounded(model)),
            Tag("status", status.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            Tag("finish_reason", finishReason));
        if (duration is { } time)
            _duration.Record(time.TotalSeconds, Tag("api", api));
    }

    internal void Waited(TimeSpan wait) => _wait.Record(wait.TotalSeconds);

    /// <param name="cause">One of <see cref="RejectionCause"/>.</param>
    internal void Rejected(string cause) => _rejections.Add(1, Tag("cause", cause));

    /// <summary>A turn of an answer has ended, whoever still reads it.</summary>
    internal void AnswerEnded(in AnswerMeasurement answer)
    {
        KeyValuePair<string, object?> model = ModelTag(answer.Model);
        _promptTokens.Add(answer.PromptTokens, model);
        _cachedTokens.Add(answer.CachedTokens, model);
        _outputTokens.Add(answer.OutputTokens, model);
        _prefillSeconds.Add(answer.Prefill.TotalSeconds, model);
        _decodeSeconds.Add(answer.Decode.TotalSeconds, model);
        if (answer.ToFirstToken is { } first)
            _firstToken.Record(first.TotalSeconds, model);
        if (answer.PrefillRate is { } prefill)
            _prefillRate.Record(prefill, model);
        if (answer.DecodeRate is { } decode)
            _decodeRate.Record(decode, model);
    }

    /// <summary>A text was embedded.</summary>
    internal void Embedded(string model, int tokens) => _promptTokens.Add(tokens, ModelTag(model));

    /// <summary>Of each token but the first of an answer: takes no memory and no lock.</summary>
    /// <param name="model">From <see cref="ModelTag"/>.</param>
    internal void TokenCame(TimeSpan sinceLast, KeyValuePair<string, object?> model) => _tokenGap.Record(sinceLast.TotalSeconds, model);

    internal void Loaded(string model, TimeSpan time) => _load.Record(time.TotalSeconds, ModelTag(model));

    internal void LoadFailed() => _loadFailures.Add(1);

    internal void WorkerStarted() => _workerStarts.Add(1);

    /// <param name="signal">E.g. SIGSEGV; none for a worker that ended by itself.</param>
    /// <param name="cause">crash; or hung, for one that the server killed because it did not answer.</param>
    internal void WorkerDied(string signal, string cause) => _workerDeaths.Add(1, Tag("signal", signal), Tag("cause", cause));

    /// <param name="cause">One of <see cref="AbortLabel"/>.</param>
    internal void Aborted(string cause) => _aborts.Add(1, Tag("cause", cause));

    internal KeyValuePair<string, object?> ModelTag(string model) => Tag("model", Bounded(model));

    private string Bounded(string model) =>
        _models.TryGetValue(model, out string? known) ? known : _models.Count < MostModels ? _models.GetOrAdd(model, model) : OtherModel;

    private Counter<long> Count(string name, string help) => Meter.CreateCounter<long>(name, null, help);

    private Histogram<double> Time(string name, string help, double[] bounds) =>
        Meter.CreateHistogram(name, null, help, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

    public void Dispose()
    {
        Store.Dispose();
        Meter.Dispose();
    }
}

/// <summary>Why a request was sent away with a 503.</summary>
internal static class RejectionCause
{
    internal const string QueueFull = "queue_full", QueueTime = "queue_timeout", Draining = "draining", Connections = "connections", Memory = "memory";

    internal static IReadOnlyList<string> All { get; } = [QueueFull, QueueTime, Draining, Connections, Memory];
}

/// <summary>Why a run was aborted, as a metric label.</summary>
internal static class AbortLabel
{
    internal const string ClientLeft = "client_left", Unloaded = "unloaded", Length = "length", StopSequence = "stop_sequence", Repetition = "repetition",
        ThinkingBudget = "thinking_budget";

    /// <summary>The watchdog aborted it because the runtime took too long.</summary>
    internal const string Late = "late";

    internal static IReadOnlyList<string> All { get; } = [ClientLeft, Unloaded, Length, StopSequence, Repetition, ThinkingBudget, Late];
}

/// <summary>What one turn of an answer took.</summary>
/// <param name="PrefillRate">Tokens per second; <see langword="null"/> if nothing was prefilled.</param>
/// <param name="DecodeRate">Tokens per second; <see langword="null"/> if nothing was decoded.</param>
internal readonly record struct AnswerMeasurement(
    string Model, int PromptTokens, int CachedTokens, int OutputTokens, TimeSpan Prefill, TimeSpan Decode, TimeSpan? ToFirstToken, double? PrefillRate, double? DecodeRate);
