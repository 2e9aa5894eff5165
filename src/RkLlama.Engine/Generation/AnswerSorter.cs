using RkLlama.Engine.Residency;
using RkLlama.Output;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>An answer that has been prepared and is made when it is read, once.</summary>
/// <param name="Model">The model that answers.</param>
/// <param name="Prompts">Its prompts, which tell what it can do.</param>
internal sealed record PreparedAnswer(LoadedModel Model, PromptBuilder Prompts, Func<CancellationToken, IAsyncEnumerable<SortedPart>> ReadAsync);

/// <summary>Prepares answers in parts, for the APIs that know reasoning, tools and formats. The guide's API has the generator's text as it is.</summary>
internal sealed partial class AnswerSorter(Generator generator, ILogger<AnswerSorter> logger)
{
    /// <summary>Like <see cref="Generator.PrepareAsync"/>, and throws the same.</summary>
    internal async Task<PreparedAnswer> PrepareAsync(GenerationRequest request, OutputWishes wishes, CancellationToken cancellationToken)
    {
        if (wishes.Format is { } format)
            request = request with { Conversation = format.AddInstruction(request.Conversation) };
        SortedAnswer sorted = await SortAsync(request, wishes, cancellationToken).ConfigureAwait(false);
        PromptBuilder prompts = await sorted.Model.Prompts.ConfigureAwait(false);
        if (wishes.Format is null)
            return new(sorted.Model, prompts, sorted.ReadAsync);

        FormattedAnswer formatted = new(
            sorted, wishes.Format, request.RawPrompt is null ? AgainAsync : null, problem => Log.DoesNotFit(logger, sorted.Model.Name, problem));
        return new(sorted.Model, prompts, formatted.ReadAsync);

        Task<SortedAnswer> AgainAsync(string reply, string problem, CancellationToken left) =>
            SortAsync(request with { Conversation = OutputFormat.AddCorrection(request.Conversation, reply, problem) }, wishes, left);
    }

    private async Task<SortedAnswer> SortAsync(GenerationRequest request, OutputWishes wishes, CancellationToken cancellationToken)
    {
        Answer answer = await generator.PrepareAsync(request, cancellationToken).ConfigureAwait(false);
        return new(answer, await answer.Model.Prompts.ConfigureAwait(false), wishes);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Answer of model {Model} does not fit the schema that was asked for: {Problem}")]
        internal static partial void DoesNotFit(ILogger logger, string model, string problem);
    }
}
