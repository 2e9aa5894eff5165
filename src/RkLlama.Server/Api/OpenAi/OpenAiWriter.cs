using System.Buffers;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Generation;
using RkLlama.Server.Api.Common.Writers;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Base class of the writers of the OpenAI API.</summary>
internal abstract class OpenAiWriter : EventStreamWriter
{
    internal static string Fingerprint { get; } = $"rkllama-{BuildInfo.Version}";

    public override void WriteError(ApiException error, IBufferWriter<byte> output) => Events.WriteSse(OpenAiError.From(error), OpenAiJson.Wire.OpenAiError, output);

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
