using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Engine.Generation;
using RkLlama.Output;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.Ollama;

/// <summary>Writes the responses of <c>/api/chat</c> and <c>/api/generate</c>. Each line of a stream has the same type as a complete response.</summary>
/// <typeparam name="TReply">Type of a line and of the complete response.</typeparam>
internal abstract class OllamaWriter<TReply>(JsonTypeInfo<TReply> type) : IApiWriter
    where TReply : OllamaRunReply
{
    private readonly JsonEventWriter _events = new();

    public string StreamContentType => JsonEventWriter.NdjsonContentType;

    public byte[] SerializeComplete(CompleteOutput answer) =>
        JsonSerializer.SerializeToUtf8Bytes(Finish(Reply(answer.Content, answer.Reasoning, [.. answer.ToolCalls]), answer.Summary), type);

    public void WriteEvent(GenerationEvent item, IBufferWriter<byte> output)
    {
        TReply reply = item.Part switch
        {
            ContentPart content => Reply(content.Text, "", []),
            ReasoningPart reasoning => Reply("", reasoning.Text, []),
            ToolCallPart call => Reply("", "", [call]),
            _ => Empty(),
        };
        _events.WriteLine(item.Summary is { } summary ? Finish(reply, summary) : reply, type, output);
    }

    public void WriteKeepAlive(IBufferWriter<byte> output) => _events.WriteLine(Empty(), type, output);

    public void WriteError(ApiException error, IBufferWriter<byte> output) => _events.WriteLine(OllamaError.From(error), OllamaJson.Wire.OllamaError, output);

    /// <summary>Creates the response to a request that only loads or unloads the model.</summary>
    /// <param name="doneReason">load or unload.</param>
    internal TReply Loaded(string doneReason) => Empty() with { Done = true, DoneReason = doneReason };

    /// <summary>Creates a response or line in which <c>done</c> is false.</summary>
    /// <param name="calls">The tool calls; may be empty.</param>
    protected abstract TReply Reply(string content, string thinking, ToolCallPart[] calls);

    private TReply Empty() => Reply("", "", []);

    /// <summary>
    /// Sets <c>done</c> to true, and adds the finish reason and the statistics. Used for a complete response and for the last line of a stream. This API has no
    /// finish reason for tool calls, so "stop" is used.
    /// </summary>
    private static TReply Finish(TReply reply, GenerationSummary summary) => reply with
    {
        Done = true,
        DoneReason = summary.FinishReason == FinishReason.Length ? "length" : "stop",
        TotalDuration = OllamaTime.Of(summary.Timings.Total),
        LoadDuration = OllamaTime.Of(summary.Timings.Load),
        PromptEvalCount = summary.PromptTokens,
        PromptEvalDuration = OllamaTime.Of(summary.Timings.Prefill),
        EvalCount = summary.OutputTokens,
        EvalDuration = OllamaTime.Of(summary.Timings.Decode),
    };
}

/// <summary>Writes the response of <c>POST /api/chat</c>.</summary>
/// <param name="model">The model's name as the request gives it.</param>
internal sealed class OllamaChatWriter(string model, TimeProvider time) : OllamaWriter<OllamaChatReply>(OllamaJson.Wire.OllamaChatReply)
{
    protected override OllamaChatReply Reply(string content, string thinking, ToolCallPart[] calls)
    {
        OllamaMessage message = new("assistant", content)
        {
            Thinking = thinking.Length > 0 ? thinking : null,
            ToolCalls = calls.Length > 0
                ? [.. calls.Select(static call => new OllamaToolCall(call.Id, new(call.Index, call.Name, ObjectOf(call.Arguments))))]
                : null,
        };
        return new(model, OllamaTime.Of(time.GetUtcNow()), message) { Done = false };
    }

    private static JsonElement ObjectOf(string json) => JsonElement.Parse(json);
}

/// <summary>Writes the response of <c>POST /api/generate</c>.</summary>
/// <param name="model">The model's name as the request gives it.</param>
internal sealed class OllamaGenerateWriter(string model, TimeProvider time) : OllamaWriter<OllamaGenerateReply>(OllamaJson.Wire.OllamaGenerateReply)
{
    protected override OllamaGenerateReply Reply(string content, string thinking, ToolCallPart[] calls) =>
        new(model, OllamaTime.Of(time.GetUtcNow()), content, thinking.Length > 0 ? thinking : null) { Done = false };
}
