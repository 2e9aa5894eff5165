using System.Diagnostics;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Generation.Prefixes;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Native;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>
/// Generates text for requests. Builds the prompt, then generates in the background, while the caller reads the events. A generation has one turn, or two: if
/// the output must be JSON and is not valid, a second turn corrects it. Thread-safe.
/// </summary>
internal sealed partial class GenerationService(
    ModelHost host, ModelScheduler scheduler, CpuPool cpu, NodeOptions options, NodeMetrics metrics, ILogger<GenerationService> logger, PrefixTracker? prefixes = null, MeasuredSpeeds? speeds = null)
{
    private readonly TurnRecorder _recorder = new(metrics, speeds, logger);

    /// <summary>
    /// Builds the prompt and starts the generation. Before that, checks that the prompt fits into the context and that the model has the required capabilities.
    /// </summary>
    /// <param name="cancellationToken">Cancels the generation: the request leaves the queue, or its run is aborted.</param>
    /// <returns>The events of the generation. If the generation fails later, reading the events throws the error.</returns>
    /// <exception cref="NoModelException">No model is loaded, and the request names none.</exception>
    /// <exception cref="ModelNotFoundException">No model has the name that the request gives.</exception>
    /// <exception cref="Models.ModelException">The Modelfile is missing or invalid, or has no FROM.</exception>
    /// <exception cref="Workers.EngineException">The chat template of the Modelfile cannot be used.</exception>
    /// <exception cref="PromptException">The conversation does not fit the model, or the model's prompt settings are not valid.</exception>
    /// <exception cref="ContextLengthException">The prompt leaves too few tokens of the context for the output.</exception>
    /// <exception cref="MissingCapabilityException">The model lacks a capability that the request needs.</exception>
    /// <exception cref="EmptyPromptException">The prompt has no tokens.</exception>
    /// <exception cref="FatalRequestException">The request has ended too many workers of the model.</exception>
    internal async Task<GenerationStream> StartAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        request.Trace.IsBackground |= request.IsBackground;
        if (request.Output?.Format is { } format)
        {
            // The rest of a JSON text is not JSON, so the answer is a new message.
            request = request with { Conversation = format.AddInstruction(request.Conversation) with { ContinuesLastMessage = false } };
        }

        PreparedGeneration prepared;
        try
        {
            prepared = await PrepareAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (NoModelException) when (IsDeleted(request.Model))
        {
            throw new ModelNotFoundException(request.Model!);
        }
        catch (ModelUnloadedException) when (request.Model is null)
        {
            throw new NoModelException();
        }

        ModelCapabilities capabilities = ModelCapabilities.Of(prepared.Model, prepared.Prompts);
        if (capabilities.FirstMissing(request.Requires) is not RequiredCapabilities.None and var missing)
            throw new MissingCapabilityException(request.Model ?? prepared.Model.Name, missing, request.Operation, RemedyOf(prepared.Prompts));

        host.ThrowIfRefused(prepared.Model, prepared.Fingerprint);
        GenerationStream stream = new(prepared.Model, capabilities, prepared.Prompt.TokenCount, cancellationToken) { Ignored = prepared.Prompt.Ignored };
        _ = ProduceAsync(prepared, stream);
        return stream;
    }

    /// <summary>Returns the number of tokens of the prompt of a request. An estimate if the runtime tokenizes the prompt itself. Loads no model.</summary>
    /// <inheritdoc cref="StartAsync" path="/exception"/>
    internal async Task<int> CountTokensAsync(GenerationRequest request, CancellationToken cancellationToken) =>
        (await BuildPromptAsync(request, cancellationToken).ConfigureAwait(false)).TokenCount;

    /// <summary>Returns the prompt of a request. Loads no model.</summary>
    /// <inheritdoc cref="StartAsync" path="/exception"/>
    internal async Task<Prompt> BuildPromptAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        if (request.Output?.Format is { } format)
            request = request with { Conversation = format.AddInstruction(request.Conversation) };
        ModelInstance model = request.Model is { } name ? host.Find(name) : host.GetResident();
        PromptBuilder prompts = await model.Prompts.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await BuildAsync(request, model, prompts, cancellationToken).ConfigureAwait(false);
    }

    private static string? RemedyOf(PromptBuilder prompts) => prompts.Notes.FirstOrDefault(static note => note.Command is not null)?.Command;

    private async Task<PreparedGeneration> PrepareAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        long arrival = Stopwatch.GetTimestamp();
        ModelInstance model = request.Model is { } name ? host.Find(name) : host.GetResident();
        request.Trace.SetModel(model.Name);
        PromptBuilder prompts = await model.Prompts.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (request.Suffix is not null && !prompts.SupportsFillInTheMiddle)
            throw new MissingCapabilityException(request.Model ?? model.Name, RequiredCapabilities.Insert, request.Operation, RemedyOf(prompts));
        Prompt prompt = await BuildAsync(request, model, prompts, cancellationToken).ConfigureAwait(false);
        request.Trace.AddPrompt(prompt.TokenCount);
        if (prompt.Repairs.Count > 0)
            Log.Repaired(logger, model.Name, string.Join(", ", prompt.Repairs));
        if (request is { RawPrompt: null, RawTokens: null, Suffix: null })
            prefixes?.Add(model, request.Conversation, prompt);
        TokenBudget budget = TokenBudget.For(prompt, model, request.MaxNewTokens, request.PromptField);
        RunInput input = PromptInput.Of(prompt, request.PromptField);
        return new(request, model, prompts, prompt, input, budget, RequestFingerprint.Of(input, new(request.Sampling, budget.MaxNewTokens)), arrival);
    }

    private async Task<Prompt> BuildAsync(GenerationRequest request, ModelInstance model, PromptBuilder prompts, CancellationToken cancellationToken)
    {
        try
        {
            Prompt prompt = await cpu.RunAsync(model.Name, CpuPool.PromptTime, Build, cancellationToken).ConfigureAwait(false);
            if (prompt.Note is { } note)
                Log.Note(logger, model.Name, note.Text);
            return prompt;
        }
        catch (PromptTooLongException ex)
        {
            throw new ContextLengthException(ex.MinTokens, model.ContextLength, request.PromptField, isLowerBound: true);
        }

        Prompt Build(CpuBudget budget)
        {
            PromptLimits limits = new(model.ContextLength, budget);
            return request switch
            {
                { RawTokens: { } tokens } => prompts.BuildTokens(tokens, limits),
                { Suffix: { } after } => prompts.BuildFillInTheMiddle(request.RawPrompt ?? "", after, limits),
                { RawPrompt: { } raw } => prompts.BuildRaw(raw, limits) with { Ignored = new([], request.Conversation.EnableThinking is not null, false) },
                _ => prompts.Build(request.Conversation, limits),
            };
        }
    }

    /// <summary>
    /// Generates the output and completes the stream. Returns after the end of the last run, even if the client has disconnected. Never throws: an error goes
    /// to the stream.
    /// </summary>
    private async Task ProduceAsync(PreparedGeneration prepared, GenerationStream stream)
    {
        try
        {
            ConstrainedContent? content = options.ConstrainsOutput ? ConstrainedContent.Of(prepared) : null;
            GenerationSummary summary = prepared.Request.Output?.Format is { } format && content is null
                ? await ProduceJsonAsync(prepared, format, stream).ConfigureAwait(false)
                : await ProduceTurnAsync(prepared, stream, stream.Abandoned, content).ConfigureAwait(false);
            if (prepared.Request.Output?.RequiresToolCall == true && summary.FinishReason != FinishReason.ToolCalls)
                throw new MissingToolCallException();
            stream.Complete(summary);
        }
        catch (NoModelException) when (IsDeleted(prepared.Request.Model))
        {
            stream.Fail(new ModelNotFoundException(prepared.Request.Model!));
        }
        catch (ModelUnloadedException) when (prepared.Request.Model is null)
        {
            stream.Fail(new NoModelException());
        }
        catch (Exception ex)
        {
            stream.Fail(ex);
        }
    }

    /// <summary>Whether the model that a request names was deleted or renamed while the request waited.</summary>
    private bool IsDeleted(string? requested)
    {
        try
        {
            if (requested is not null)
                host.Find(requested);
            return false;
        }
        catch (Exception ex) when (ex is ModelNotFoundException or Models.ModelException)
        {
            return ex is ModelNotFoundException;
        }
    }

    /// <summary>
    /// Generates output that must be JSON. The content is sent when it is complete and checked. If it is not valid and the request has a conversation, a second
    /// turn asks the model to correct it.
    /// </summary>
    private async Task<GenerationSummary> ProduceJsonAsync(PreparedGeneration first, OutputFormat format, GenerationStream stream)
    {
        StructuredOutput output = new(format, stream);
        GenerationSummary summary = await ProduceTurnAsync(first, output, stream.Abandoned).ConfigureAwait(false);
        (string? problem, TimeSpan left) = await CheckAsync(output, summary, stream, CpuPool.SchemaTime).ConfigureAwait(false);
        if (problem is not null && left >= CpuPool.SchemaTime / 2 && first.Request is { RawPrompt: null, RawTokens: null })
        {
            GenerationRequest again = first.Request with { Conversation = OutputFormat.AddCorrection(first.Request.Conversation, output.Content, problem) };
            PreparedGeneration second = await PrepareAsync(again, stream.Abandoned).ConfigureAwait(false) with { Fingerprint = first.Fingerprint };
            output.BeginRetry();
            summary += await ProduceTurnAsync(second, output, stream.Abandoned).ConfigureAwait(false);
            await CheckAsync(output, summary, stream, left).ConfigureAwait(false);
        }

        if (output.Send(summary) is { } unmet)
            Log.DoesNotFit(logger, first.Model.Name, Excerpt.Of(unmet));
        return summary;
    }

    /// <summary>Checks the content of a turn.</summary>
    /// <returns>
    /// The problem of the content; null if there is none. The processor time that is left for further checks. The check of a second turn needs about as long as
    /// that of the first one, so with less than half of the time left a second turn is of no use.
    /// </returns>
    private Task<(string? Problem, TimeSpan Left)> CheckAsync(StructuredOutput output, GenerationSummary summary, GenerationStream stream, TimeSpan limit) => cpu.RunAsync(
        stream.Model.Name, limit, budget => (output.Check(summary.FinishReason, budget), limit - budget.Used), stream.Abandoned, isForOutput: true);

    /// <summary>Runs one turn.</summary>
    private Task<GenerationSummary> ProduceTurnAsync(PreparedGeneration prepared, IGenerationSink sink, CancellationToken cancellationToken, ConstrainedContent? content = null)
    {
        RepetitionGuard? guard = options.MaxRepetitions > 0
            ? new(options.MaxRepetitions, length => Log.Repeats(logger, prepared.Model.Name, length, options.MaxRepetitions))
            : null;
        GenerationTurn turn = new(prepared, sink, guard, _recorder, content);
        return turn.RunAsync(queued => scheduler.AcquireAsync(prepared.Model, queued, prepared.Request.KeepAlive, cancellationToken), cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 4, Level = LogLevel.Debug, Message = "The chat template of model {Model} needs a changed conversation: {Repairs}")]
        internal static partial void Repaired(ILogger logger, string model, string repairs);

        [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "Model {Model}: {Note}")]
        internal static partial void Note(ILogger logger, string model, string note);

        [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Answer of model {Model} cut: it repeated itself, a phrase of {Length} tokens more than {Times} times")]
        internal static partial void Repeats(ILogger logger, string model, int length, int times);

        [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "Answer of model {Model} does not fit the schema that was asked for: {Problem}")]
        internal static partial void DoesNotFit(ILogger logger, string model, string problem);
    }
}

/// <summary>A request with its model and its prompt, ready for one turn.</summary>
/// <param name="Input">The input of the first run.</param>
/// <param name="Fingerprint">
/// Identifies the request if it is sent again. All runs of a request have the same one. See <see cref="RequestFingerprint"/>.
/// </param>
/// <param name="Arrival">
/// When the preparation of the turn started, as a <see cref="Stopwatch"/> timestamp. In the statistics, this is the arrival of the request.
/// </param>
internal sealed record PreparedGeneration(
    GenerationRequest Request, ModelInstance Model, PromptBuilder Prompts, Prompt Prompt, RunInput Input, TokenBudget Budget, UInt128 Fingerprint, long Arrival);

/// <summary>The request requires a tool call, but the model generated none. The runtime has no means to force one.</summary>
internal sealed class MissingToolCallException() : Exception("The model answered without the function call that tool_choice asks for.");
