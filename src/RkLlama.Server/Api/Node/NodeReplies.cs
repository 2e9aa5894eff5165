using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Api.Node;

/// <summary>A request that has ended. It has no content of the request or of its answer.</summary>
/// <param name="Id">The request's id: X-Request-Id.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="Api">Name of the API: rkllama, anthropic, openai, ollama or llama-server.</param>
/// <param name="Path">Path of the endpoint.</param>
/// <param name="Client">Address of the client, or of the proxy before it.</param>
/// <param name="ForwardedFor">The address that a proxy gives for its client. It may be wrong.</param>
/// <param name="Started">When the request arrived, in UTC.</param>
/// <param name="Ended">When its response ended, in UTC.</param>
/// <param name="Status">The HTTP status; 499 if the request was cancelled.</param>
/// <param name="Finish">stop, length, tool_calls, cancelled, error, or refused if no run has started.</param>
/// <param name="PromptTokens">Number of tokens of the prompt; null if it was not built.</param>
/// <param name="CachedTokens">Prompt tokens that were in the KV cache; null if unknown.</param>
/// <param name="OutputTokens">Number of generated tokens.</param>
/// <param name="QueueMs">Wait time in the queue; null if no run has started.</param>
/// <param name="LoadMs">Time to load the model; null if no run has started.</param>
/// <param name="TimeToFirstTokenMs">From the arrival to the first token; null if there was none.</param>
/// <param name="PrefillMs">Prefill time; null if no run has ended.</param>
/// <param name="DecodeMs">Decode time; null if no run has ended.</param>
/// <param name="TotalMs">From the arrival to the end of the response.</param>
internal sealed record NodeRequest(
    string Id,
    string Model,
    string Api,
    string Path,
    string? Client,
    string? ForwardedFor,
    DateTimeOffset Started,
    DateTimeOffset Ended,
    int Status,
    string Finish,
    int? PromptTokens,
    int? CachedTokens,
    int OutputTokens,
    double? QueueMs,
    double? LoadMs,
    double? TimeToFirstTokenMs,
    double? PrefillMs,
    double? DecodeMs,
    double TotalMs,
    double? DecodeTokensPerSecond,
    double? PrefillTokensPerSecond)
{
    internal static NodeRequest From(FinishedRequest request) => new(
        request.Request.Trace.Id,
        request.Request.Trace.Model ?? "",
        request.Request.Api,
        request.Request.Path,
        request.Request.Client,
        request.Request.ForwardedFor,
        request.Request.Started,
        request.Ended,
        request.Status,
        request.Finish,
        request.PromptTokens,
        request.CachedTokens,
        request.OutputTokens,
        Ms(request.Timings?.Queue ?? request.Start?.Queue),
        Ms(request.Timings?.Load ?? request.Start?.Load),
        Ms(request.ToFirstToken),
        Ms(request.Timings?.Prefill),
        Ms(request.Timings?.Decode),
        Ms(request.Total)!.Value,
        Round(request.DecodeRate),
        Round(request.PrefillRate));

    internal static double? Ms(TimeSpan? time) => time is { } known ? Math.Round(known.TotalMilliseconds, 1) : null;

    internal static double? Round(double? rate) => rate is { } known ? Math.Round(known, 2) : null;
}

/// <summary>The requests of the last hour that used a model, at most 256.</summary>
/// <param name="Requests">Those that have ended, the newest one first.</param>
/// <param name="Active">Those that have not ended, the oldest one first.</param>
internal sealed record NodeRequests(IReadOnlyList<NodeRequest> Requests, IReadOnlyList<NodeActiveRequest> Active);

/// <summary>The result of a cancellation.</summary>
/// <param name="Cancelled">Number of requests with this id that were cancelled.</param>
internal sealed record NodeCancelled(int Cancelled);

/// <summary>One finding of the checks.</summary>
/// <param name="Id">Name of the check, as in docs/troubleshooting.md.</param>
/// <param name="Verdict">ok, warning or failure.</param>
/// <param name="Text">The result, as a clause without a full stop.</param>
/// <param name="Remedy">What the operator should do; null if the verdict is ok.</param>
internal sealed record NodeFinding(string Id, string Verdict, string Text, string? Remedy);

/// <summary>The findings of <c>rkllama doctor</c>, as far as the user of the server can check them.</summary>
/// <param name="Failures">Number of findings with the verdict failure.</param>
/// <param name="Warnings">Number of findings with the verdict warning.</param>
/// <param name="Checked">When the checks ran, in UTC.</param>
/// <param name="AsRoot">Whether the server runs as root, so that all checks were possible.</param>
internal sealed record NodeDoctor(IReadOnlyList<NodeFinding> Findings, int Failures, int Warnings, DateTimeOffset Checked, bool AsRoot);

/// <summary>The log of the server.</summary>
/// <param name="Lines">The last 500 lines, the oldest one first.</param>
internal sealed record NodeLog(IReadOnlyList<LogLine> Lines);

/// <summary>The Modelfile of a model.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Text">The text of the Modelfile.</param>
/// <param name="Editable">Whether clients may change it.</param>
/// <param name="Warnings">What the server ignores in the text.</param>
internal sealed record NodeModelfile(string Model, string Text, bool Editable, IReadOnlyList<string> Warnings);

/// <summary>A model in the models directory.</summary>
/// <param name="Name">Name of the model.</param>
/// <param name="Role">What the model does: completion, embedding or rerank. Null if it is broken.</param>
/// <param name="SizeBytes">Size of its .rkllm file; null if the file is missing.</param>
/// <param name="Problem">Why the model cannot be used, as a sentence: its Modelfile is not valid, or its .rkllm file is missing. Null if it can be loaded.</param>
internal sealed record NodeListedModel(string Name, string? Role, long? SizeBytes, string? Problem);

/// <summary>The models in the models directory, also broken ones, in the order of their names.</summary>
internal sealed record NodeModelList(IReadOnlyList<NodeListedModel> Models);

/// <summary>An entry of the table of short names.</summary>
/// <param name="Name">The short name, for POST /node/pulls.</param>
/// <param name="Aliases">Further names.</param>
/// <param name="Repo">The repository.</param>
/// <param name="Platform">The chip; null if the name of the file has it.</param>
/// <param name="SizeBytes">Size of the model file, from the table or, if the node has the model, of its file; null if unknown.</param>
/// <param name="Source">Where the facts of the entry come from; null if unknown.</param>
/// <param name="Present">Whether the node has the model.</param>
/// <param name="Recommended">Whether this is the model to start with.</param>
internal sealed record NodeName(
    string Name, IReadOnlyList<string> Aliases, string Repo, string? Platform, long? SizeBytes, string? Source, bool Present, bool Recommended);

/// <summary>The entries of the table of short names that match a search.</summary>
internal sealed record NodeNames(IReadOnlyList<NodeName> Names);

/// <summary>A started download.</summary>
/// <param name="Model">The name that the model gets.</param>
/// <param name="Present">Whether the node has the model already, so that nothing is downloaded.</param>
internal sealed record NodePull(string Model, bool Present);

/// <summary>The result of the stop of a download.</summary>
internal sealed record NodePullStopped(bool Stopped);

/// <summary>The state of another node. If it does not answer, all values but url, reachable and error are null.</summary>
/// <param name="Url">Its address.</param>
/// <param name="Node">Its name.</param>
/// <param name="Reachable">Whether it answers.</param>
/// <param name="Error">Why it does not answer; null if it answers.</param>
/// <param name="AnswerMs">Time until its answer.</param>
/// <param name="Version">Version of its server.</param>
/// <param name="Ready">ready, loading, busy, draining or failed.</param>
/// <param name="State">State of its model: none, loading, loaded, restarting, failed, stuck.</param>
/// <param name="Model">Its model for requests that do not name one.</param>
/// <param name="LoadPercent">Load of each NPU core, 0 to 100.</param>
/// <param name="Celsius">Its highest temperature.</param>
/// <param name="Running">1 if a request has its NPU, else 0.</param>
/// <param name="Waiting">Number of requests that wait.</param>
/// <param name="DecodeTokensPerSecond">Decode rate of its last run.</param>
/// <param name="IsSlow">Whether it is below 70 % of the vendor's rate.</param>
internal sealed record NodePeer(
    string Url,
    string? Node,
    bool Reachable,
    string? Error,
    double? AnswerMs,
    string? Version,
    string? Ready,
    string? State,
    string? Model,
    IReadOnlyList<int>? LoadPercent,
    double? Celsius,
    int? Running,
    int? Waiting,
    double? DecodeTokensPerSecond,
    bool? IsSlow);

/// <summary>The other nodes of the cluster, in the order of the setting.</summary>
internal sealed record NodePeers(IReadOnlyList<NodePeer> Peers);
