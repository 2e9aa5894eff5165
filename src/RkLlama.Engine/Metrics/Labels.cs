namespace RkLlama.Engine.Metrics;

/// <summary>Values of the label <c>cause</c> in the metric <c>rkllama_rejections_total</c>: why the server answered a request with 503.</summary>
internal static class RejectionCause
{
    internal const string QueueFull = "queue_full", QueueTimeout = "queue_timeout", Draining = "draining", Connections = "connections", Memory = "memory";

    internal static IReadOnlyList<string> All { get; } = [QueueFull, QueueTimeout, Draining, Connections, Memory];
}

/// <summary>Values of the label <c>cause</c> in the metric <c>rkllama_prefix_failures_total</c>: why a prefix was not saved or not loaded.</summary>
internal static class PrefixFailureLabel
{
    /// <summary>The file was deleted before its use: it was damaged, or belonged to another model, runtime or template.</summary>
    internal const string Refused = "refused";

    /// <summary>The worker crashed while it loaded the file, or in its first run after that.</summary>
    internal const string Crash = "crash";

    /// <summary>The file could not be written, or there was no space for it.</summary>
    internal const string NotSaved = "not_saved";

    /// <summary>The runtime saves no file for this model.</summary>
    internal const string Unsupported = "unsupported";

    internal static IReadOnlyList<string> All { get; } = [Refused, Crash, NotSaved, Unsupported];
}

/// <summary>Values of the label <c>cause</c> in the metric <c>rkllama_aborts_total</c>: why the server aborted a run.</summary>
internal static class AbortLabel
{
    internal const string ClientDisconnected = "client_left", Unloaded = "unloaded", Length = "length", StopSequence = "stop_sequence", EndToken = "end_token",
        Repetition = "repetition", ThinkingBudget = "thinking_budget", GivesWay = "gives_way", Correction = "correction", Complete = "complete";

    /// <summary>The watchdog aborted the run because the runtime exceeded a timeout.</summary>
    internal const string Timeout = "late";

    internal static IReadOnlyList<string> All { get; } = [ClientDisconnected, Unloaded, Length, StopSequence, EndToken, Repetition, ThinkingBudget, GivesWay, Correction, Complete, Timeout];
}
