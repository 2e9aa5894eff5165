using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.OpenAi.Completions;

/// <summary>The answer of <c>POST /v1/completions</c>, and each event of its stream.</summary>
internal sealed record TextCompletion(
    string Id, string Object, long Created, string Model, string SystemFingerprint, TextCompletionChoice[] Choices, CompletionUsage? Usage)
{
    internal const string Kind = "text_completion";

    /// <summary>In a stream only in the event that has the finish reason.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Timings? Timings { get; init; }
}

internal sealed record TextCompletionChoice(string Text, int Index, object? Logprobs, string? FinishReason);
