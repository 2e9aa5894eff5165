using System.Text;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Output;
using RkLlama.Server.Api.Common.Tools;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>
/// Builds one response from the parts of a generation. Returns the stream events for each part, and the complete response at the end. Not thread-safe: one
/// request uses it.
/// </summary>
/// <param name="created">Time of the request, Unix time in seconds.</param>
internal sealed class ResponseBuilder(ResponsesRequest request, long created)
{
    private static readonly JsonElement Auto = JsonElement.Parse("\"auto\""), None = JsonElement.Parse("[]"), Nothing = JsonElement.Parse("{}"), PlainText = JsonElement.Parse("""{"type":"text"}""");

    private readonly string _id = OpenAiWriter.NewId("resp_");
    private readonly List<ResponseItem> _items = [];

    // The item that is still incomplete, and its text so far. Function calls are never stored here, because they arrive complete.
    private readonly StringBuilder _text = new();
    private ResponseItem? _open;
    private int _events;

    /// <summary>Id of the response.</summary>
    internal string Id => _id;

    /// <summary>Time of the request, Unix time in seconds.</summary>
    internal long Created => created;

    /// <summary>Sequence number of the next event.</summary>
    internal int NextNumber => _events;

    internal IEnumerable<ResponseEvent> Begin()
    {
        yield return Next("response.created") with { Response = State("in_progress", null) };
        yield return Next("response.in_progress") with { Response = State("in_progress", null) };
    }

    internal IEnumerable<ResponseEvent> Take(OutputPart part) => part switch
    {
        ContentPart content => Grow("message", "msg_", content.Text),
        ReasoningPart thought => Grow("reasoning", "rs_", thought.Text),
        ToolCallPart call => AddCall(call),
        UnopenedReasoningPart => [], // a stream cannot take its content back
        _ => throw new InvalidOperationException(part.GetType().Name),
    };

    internal IEnumerable<ResponseEvent> End(GenerationSummary end)
    {
        // If the output is empty, the response has one empty message.
        if (_open is null && _items.Count == 0)
        {
            foreach (ResponseEvent opening in Grow("message", "msg_", ""))
                yield return opening;
        }

        bool isWhole = end.FinishReason != FinishReason.Length;
        foreach (ResponseEvent closing in Close(isWhole ? "completed" : "incomplete"))
            yield return closing;
        yield return Next(isWhole ? "response.completed" : "response.incomplete") with { Response = Finished(end) };
    }

    internal Response Finished(GenerationSummary end) => State(end.FinishReason == FinishReason.Length ? "incomplete" : "completed", new(
        end.PromptTokens, new(end.CachedTokens ?? 0), end.OutputTokens, new(end.ReasoningTokens), end.PromptTokens + end.OutputTokens));

    /// <summary>Returns the response before its output, in this status.</summary>
    internal Response Pending(string status) => State(status, null);

    /// <summary>Returns the response with the output so far, after its run has failed or was cancelled.</summary>
    /// <param name="error">Null if it was cancelled.</param>
    internal Response Broken(ResponseError? error)
    {
        // The events are enumerated only because this adds the item that is open.
        _ = Close("incomplete").ToArray();
        return State(error is null ? "cancelled" : "failed", null) with { Error = error };
    }

    private IEnumerable<ResponseEvent> Grow(string type, string prefix, string text)
    {
        if (_open?.Type != type)
        {
            foreach (ResponseEvent closing in Close("completed"))
                yield return closing;
            _open = new ResponseItem(type, OpenAiWriter.NewId(prefix), "in_progress")
            {
                Role = type == "message" ? "assistant" : null,
                Summary = type == "reasoning" ? [] : null,
                Content = [],
            };
            yield return Next("response.output_item.added") with { OutputIndex = _items.Count, Item = _open };
            yield return InItem("response.content_part.added") with { Part = ContentOf(_open, "") };
        }

        _text.Append(text);
        if (text.Length > 0)
            yield return InItem($"response.{ContentOf(_open, "").Type}.delta") with { Delta = text, Logprobs = type == "message" ? [] : null };
    }

    private IEnumerable<ResponseEvent> Close(string status)
    {
        if (_open is not { } item)
            yield break;

        ResponseContent content = ContentOf(item, _text.ToString());
        yield return InItem($"response.{content.Type}.done") with { Text = content.Text, Logprobs = content.Logprobs };
        yield return InItem("response.content_part.done") with { Part = content };
        item = item with { Status = status, Content = [content] };
        yield return Next("response.output_item.done") with { OutputIndex = _items.Count, Item = item };
        _items.Add(item);
        _open = null;
        _text.Clear();
    }

    private IEnumerable<ResponseEvent> AddCall(ToolCallPart call)
    {
        foreach (ResponseEvent closing in Close("completed"))
            yield return closing;

        ToolOrigin? origin = request.Tools.OriginOf(call.Name);
        if (origin is { IsCustom: true })
        {
            foreach (ResponseEvent custom in AddCustomCall(call, origin))
                yield return custom;
            yield break;
        }

        string name = origin?.Name ?? call.Name;
        ResponseItem item = new("function_call", OpenAiWriter.NewId("fc_"), "in_progress")
        {
            CallId = call.Id,
            Name = name,
            Namespace = origin?.Namespace,
            Arguments = "",
        };
        ResponseEvent about = new("", 0) { ItemId = item.Id, OutputIndex = _items.Count };
        yield return Next("response.output_item.added") with { OutputIndex = _items.Count, Item = item };
        yield return Next("response.function_call_arguments.delta", about) with { Delta = call.Arguments };
        yield return Next("response.function_call_arguments.done", about) with { Arguments = call.Arguments, Name = name };
        item = item with { Status = "completed", Arguments = call.Arguments };
        yield return Next("response.output_item.done") with { OutputIndex = _items.Count, Item = item };
        _items.Add(item);
    }

    /// <summary>Adds the call of a custom tool, whose input is a text.</summary>
    private IEnumerable<ResponseEvent> AddCustomCall(ToolCallPart call, ToolOrigin origin)
    {
        string input = CustomTool.InputOf(call.Arguments);
        ResponseItem item = new("custom_tool_call", OpenAiWriter.NewId("ctc_"), "in_progress")
        {
            CallId = call.Id,
            Name = origin.Name,
            Namespace = origin.Namespace,
            Input = "",
        };
        ResponseEvent about = new("", 0) { ItemId = item.Id, OutputIndex = _items.Count };
        yield return Next("response.output_item.added") with { OutputIndex = _items.Count, Item = item };
        yield return Next("response.custom_tool_call_input.delta", about) with { Delta = input };
        yield return Next("response.custom_tool_call_input.done", about) with { Input = input };
        item = item with { Status = "completed", Input = input };
        yield return Next("response.output_item.done") with { OutputIndex = _items.Count, Item = item };
        _items.Add(item);
    }

    private static ResponseContent ContentOf(ResponseItem item, string text) =>
        item.Type == "message" ? new("output_text", text) { Annotations = [], Logprobs = [] } : new("reasoning_text", text);

    private ResponseEvent Next(string type, ResponseEvent? like = null) => (like ?? new("", 0)) with { Type = type, SequenceNumber = _events++ };

    private ResponseEvent InItem(string type) => Next(type) with { ItemId = _open!.Id, OutputIndex = _items.Count, ContentIndex = 0 };

    private Response State(string status, ResponseUsage? usage) => new(_id, "response", created, status, request.Model!, [.. _items])
    {
        Background = request.Storage.IsBackground,
        Store = request.Storage.IsStored,
        PreviousResponseId = request.Storage.PreviousResponseId,
        Conversation = request.Storage.ConversationId is { } conversation ? new(conversation) : null,
        IncompleteDetails = status == "incomplete" ? new("max_output_tokens") : null,
        Instructions = request.Echo.Instructions,
        ParallelToolCalls = request.MaxToolCalls is null,
        MaxOutputTokens = request.Echo.MaxOutputTokens,
        Reasoning = new(request.Echo.Effort, null),
        Temperature = request.Echo.Temperature,
        Text = new(request.Echo.Format ?? PlainText),
        ToolChoice = request.Echo.ToolChoice ?? Auto,
        Tools = request.Echo.Tools ?? None,
        TopP = request.Echo.TopP,
        Usage = usage,
        Metadata = request.Echo.Metadata ?? Nothing,
    };
}
