using System.Buffers;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Output;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>Writes the response of <c>POST /generate</c>. Every line of a stream has the same fields, with the token usage so far.</summary>
/// <param name="promptTokens">Number of tokens of the prompt.</param>
internal sealed class GenerateWriter(int promptTokens) : IApiWriter
{
    private readonly JsonEventWriter _events = new();

    // The token usage in the latest line. A keep-alive line repeats it.
    private GenerateUsage _usage = new(promptTokens, 0, 0, promptTokens);

    public string StreamContentType => JsonEventWriter.NdjsonContentType;

    public byte[] SerializeComplete(CompleteOutput answer) => JsonSerializer.SerializeToUtf8Bytes(
        GenerateReply.From(answer.Content, NameOf(answer.Summary), UsageOf(answer.Summary.OutputTokens, answer.Summary.TokensPerSecond)),
        RkLlamaJson.Wire.GenerateReply);

    public void WriteEvent(GenerationEvent item, IBufferWriter<byte> output)
    {
        _usage = UsageOf(item.OutputTokens, item.TokensPerSecond);
        Write(item.Part is ContentPart content ? content.Text : "", NameOf(item.Summary), output);
    }

    /// <summary>Writes a line with empty content. Clients append the content of each line to their text, so this line changes nothing.</summary>
    public void WriteKeepAlive(IBufferWriter<byte> output) => Write("", null, output);

    public void WriteError(ApiException error, IBufferWriter<byte> output) => _events.WriteLine(error.Reply, ErrorJson.Wire.ErrorReply, output);

    private void Write(string content, string? finishReason, IBufferWriter<byte> output) =>
        _events.WriteLine(GenerateReply.From(content, finishReason, _usage), RkLlamaJson.Wire.GenerateReply, output);

    private GenerateUsage UsageOf(int tokens, double tokensPerSecond) => new(promptTokens, tokens, Math.Round(tokensPerSecond, 2), promptTokens + tokens);

    private static string? NameOf(GenerationSummary? summary) => summary?.FinishReason switch
    {
        null => null,
        FinishReason.Length => "length",
        _ => "stop",
    };
}
