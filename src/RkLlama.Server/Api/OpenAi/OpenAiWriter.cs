using System.Buffers;
using System.Globalization;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Base class of the writers of the OpenAI API. Streams are server-sent events.</summary>
internal abstract class OpenAiWriter : IApiWriter
{
    internal static string Fingerprint { get; } = $"rkllama-{BuildInfo.Version}";

    public string StreamContentType => JsonEventWriter.SseContentType;

    protected JsonEventWriter Events { get; } = new();

    public abstract byte[] SerializeComplete(CompleteOutput answer);

    public virtual byte[] SerializeAll(IReadOnlyList<CompleteOutput> answers) => SerializeComplete(answers[0]);

    public abstract void WriteEvent(GenerationEvent item, IBufferWriter<byte> output);

    public void WriteKeepAlive(IBufferWriter<byte> output) => JsonEventWriter.WriteSseComment(output);

    public void WriteKeepAlive(QueuePlace? place, IBufferWriter<byte> output)
    {
        if (place is { } known)
            JsonEventWriter.WriteSseComment(output, string.Create(CultureInfo.InvariantCulture, $"queue position={known.Position} wait_seconds={known.WaitSeconds}"));
        else
            WriteKeepAlive(output);
    }

    public virtual void WriteError(ApiException error, IBufferWriter<byte> output) => Events.WriteSse(OpenAiError.From(error), OpenAiJson.Wire.OpenAiError, output);

    /// <summary>Returns the prefix, such as <c>chatcmpl-</c>, followed by 24 random hexadecimal digits.</summary>
    internal static string NewId(string prefix) => prefix + Random.Shared.GetHexString(24, lowercase: true);

    /// <summary>Writes the last event of a stream, <c>[DONE]</c>.</summary>
    protected static void WriteDone(IBufferWriter<byte> output) => output.Write("data: [DONE]\n\n"u8);

    protected static CompletionUsage UsageOf(GenerationSummary summary) =>
        new(summary.PromptTokens, summary.OutputTokens, summary.PromptTokens + summary.OutputTokens)
        {
            PromptTokensDetails = new(summary.CachedTokens ?? 0),
            CompletionTokensDetails = new(summary.ReasoningTokens),
        };
}

internal static class OpenAiFinishReason
{
    internal static string ToWire(this FinishReason reason) => reason switch
    {
        FinishReason.ToolCalls => "tool_calls",
        FinishReason.Length => "length",
        _ => "stop",
    };
}
