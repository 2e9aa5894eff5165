using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Writers;

namespace RkLlama.Server.Api.OpenAi.Completions;

/// <summary>Response of <c>POST /v1/completions</c>, or one event of its stream.</summary>
/// <param name="Created">Time of the request, Unix time in seconds.</param>
/// <param name="Usage">In a stream: null, except in the last event if stream_options.include_usage is true. That event has no choices.</param>
internal sealed record TextCompletion(
    string Id, string Object, long Created, string Model, string SystemFingerprint, TextCompletionChoice[] Choices, CompletionUsage? Usage)
{
    internal const string Kind = "text_completion";

    /// <summary>In a stream: present only in the event that has the finish reason.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Timings? Timings { get; init; }
}

/// <param name="Text">The output text; in a stream, only the new text. If echo is true, the prompt comes first.</param>
/// <param name="Logprobs">Always null.</param>
/// <param name="FinishReason">stop or length. In a stream: null until the output is complete.</param>
internal sealed record TextCompletionChoice(string Text, int Index, object? Logprobs, string? FinishReason);
