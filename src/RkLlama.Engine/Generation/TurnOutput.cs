using RkLlama.Engine.Workers;
using RkLlama.Output;
using RkLlama.Output.Decoding;
using RkLlama.Output.Reasoning;
using RkLlama.Output.ToolCalls.Families;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>
/// Converts the tokens of one turn to parts of the output: decodes the token ids, then splits the text into content, reasoning and tool calls. Used by one
/// task.
/// </summary>
/// <param name="onDifference">Called with the id of a token whose decoded text differs from that of the runtime, once for each load of the model.</param>
internal sealed class TurnOutput(PreparedGeneration prepared, Action<int> onDifference)
{
    // Null if the text is returned as the model generates it.
    private OutputPipeline? _pipeline = PipelineOf(prepared);
    private AnswerDecoder _decoder = DecoderOf(prepared, onDifference);

    private readonly List<OutputToken> _decoded = [];

    // The reasoning tokens of pipelines that were replaced.
    private int _earlierReasoningTokens;

    /// <summary>The text with which the model ends its reasoning.</summary>
    internal string EndOfThinking { get; } =
        (ReasoningTags.Find(prepared.Prompts.TemplateSource, prepared.Prompt.Text.Text) ?? ReasoningTags.All[0]).EndOfReasoning;

    /// <summary>Whether an end token of the model has ended the output.</summary>
    internal bool HasEnded => _decoder.HasEnded;

    /// <summary>Whether a stop sequence has ended the output.</summary>
    internal bool IsStopped => _pipeline?.IsStopped == true;

    /// <summary>The stop sequence that has ended the output; null if none has.</summary>
    internal string? StopSequence => _pipeline?.StopSequence;

    internal bool IsInReasoning => _pipeline?.IsInReasoning == true;

    internal bool HasToolCalls => _pipeline?.HasToolCalls == true;

    /// <summary>The number of generated tokens in the reasoning, including those of its tags.</summary>
    internal int ReasoningTokens => _earlierReasoningTokens + (_pipeline?.ReasoningTokens ?? 0);

    /// <summary>Adds a token of a run.</summary>
    /// <param name="parts">The parts that are complete are appended to this list.</param>
    internal void Add(EngineToken token, List<OutputPart> parts)
    {
        _decoder.Add(token.TokenId, token.Text, _decoded);
        EmitDecoded(parts);
    }

    /// <summary>Ends a run that the server aborted at the thinking budget, and adds the end of the reasoning.</summary>
    /// <param name="parts">The parts that are complete are appended to this list.</param>
    internal void AddEndOfThinking(List<OutputPart> parts)
    {
        _decoder.EndRun(isComplete: false, _decoded);
        EmitDecoded(parts);
        Emit(new(EndOfThinking, OutputTokenKind.Inserted), parts);
    }

    /// <summary>Adds a text that the server inserts in the content.</summary>
    /// <param name="parts">The parts that are complete are appended to this list.</param>
    internal void AddInserted(string text, List<OutputPart> parts) => Emit(new(text, OutputTokenKind.Inserted), parts);

    /// <summary>Drops what was held back, and an end token, because the content is cut. The content that follows replaces it.</summary>
    internal void RestartContent()
    {
        _earlierReasoningTokens = ReasoningTokens;
        _decoder = DecoderOf(prepared, onDifference);
        _pipeline = PipelineOf(prepared, continuesContent: true);
    }

    /// <summary>Ends the last run, and with it the output.</summary>
    /// <param name="isComplete">Whether the runtime ended the run by itself, at its end token.</param>
    /// <param name="isTruncated">Whether the output ended at a limit of tokens.</param>
    /// <param name="parts">The parts that were held back are appended to this list.</param>
    internal void Finish(bool isComplete, bool isTruncated, List<OutputPart> parts)
    {
        _decoder.EndRun(isComplete, _decoded);
        EmitDecoded(parts);
        _pipeline?.Finish(parts, isTruncated);
    }

    private void EmitDecoded(List<OutputPart> parts)
    {
        foreach (OutputToken token in _decoded)
            Emit(token, parts);
        _decoded.Clear();
    }

    private void Emit(OutputToken token, List<OutputPart> parts)
    {
        if (_pipeline is not null)
            _pipeline.Add(token, parts);
        else if (token.Text.Length > 0 && token.Kind != OutputTokenKind.Special)
            parts.Add(new ContentPart(token.Text));
    }

    private static AnswerDecoder DecoderOf(PreparedGeneration prepared, Action<int> onDifference) => new(
        prepared.Prompts.Tokenizer,
        prepared.Prompts.EndTokens.WithStopSequences(StopSequencesOf(prepared), prepared.Prompts.Tokenizer),
        prepared.Model.Referee,
        onDifference);

    /// <param name="continuesContent">Whether the output continues content, so that no reasoning can begin.</param>
    private static OutputPipeline? PipelineOf(PreparedGeneration prepared, bool continuesContent = false)
    {
        IReadOnlyList<string> stops = StopSequencesOf(prepared);
        if ((prepared.Request.Output ?? (stops.Count > 0 ? new() { SplitsReasoning = false } : null)) is not { } options)
            return null;
        return new(new()
        {
            Tools = options.Tools is null ? null : ToolFamilies.Detect(prepared.Prompts.ToolTemplateSource),
            ToolNames = options.Tools?.Keys.ToHashSet(StringComparer.Ordinal),
            ToolSchemas = options.Tools,
            ExpectsJson = options.Format is not null,
            DropsToolCalls = options.DropsToolCalls,
            MaxToolCalls = options.MaxToolCalls ?? int.MaxValue,
            StopSequences = stops,
            SplitsReasoning = options.SplitsReasoning,
            StartTag = options.SplitsReasoning && !continuesContent ? StartTagOf(prepared) : null,

            ModelTag = ReasoningTags.Find(prepared.Prompts.TemplateSource, prepared.Prompt.Text.Text),
            PlainTags = ReasoningTags.MentionedIn(prepared.Prompt.Text.Text),

            // Reasoning cannot begin in the middle of a message.
            MayBeginWithReasoning = prepared.Prompt.ContinuedText is null && !continuesContent,
        });
    }

    /// <summary>Returns the stop sequences of the request, or else those of the Modelfile. After fill-in-the-middle, the end tokens of the family also stop.</summary>
    private static IReadOnlyList<string> StopSequencesOf(PreparedGeneration prepared)
    {
        IReadOnlyList<string> stops = prepared.Request.Output is { StopSequences: { Count: > 0 } own } ? own : prepared.Model.Entry.Modelfile.StopSequences;
        return prepared.Request.Suffix is null ? stops : [.. stops, .. prepared.Prompts.FillInTheMiddleEnds];
    }

    /// <summary>
    /// Returns the tags of the reasoning block in which the output starts: the prompt ends with the opening tag, or with an earlier answer whose block is open.
    /// Null if the output starts outside of a block.
    /// </summary>
    private static ReasoningTag? StartTagOf(PreparedGeneration prepared)
    {
        Prompt prompt = prepared.Prompt;
        if (prompt.ContinuesReasoning)
            return ReasoningTags.Find(prepared.Prompts.TemplateSource, prompt.Text.Text) ?? ReasoningTags.All[0];
        return ReasoningTags.FindAtEnd(prompt.Text.Text) ?? (prompt.ContinuedText is { } text ? ReasoningTags.FindOpen(text) : null);
    }
}
