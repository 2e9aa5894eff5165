using System.Diagnostics;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>Takes a request from the API to the NPU and its answer back: prompt, queue, run.</summary>
internal sealed partial class Generator(ModelHost host, RunQueue queue, ServerOptions options, NodeMetrics metrics, ILogger<Generator> logger)
{
    /// <summary>Makes the prompt and checks that it fits; nothing waits or runs yet.</summary>
    /// <exception cref="NoModelException">No model is loaded, and the request names none.</exception>
    /// <exception cref="ModelNotFoundException">There is no model of the name that the request gives.</exception>
    /// <exception cref="PromptException">The conversation does not suit the model.</exception>
    /// <exception cref="ContextLengthException">The prompt leaves no room for an answer.</exception>
    /// <exception cref="EngineException">The model could not be loaded.</exception>
    internal async Task<Answer> PrepareAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        long arrival = Stopwatch.GetTimestamp();
        LoadedModel model = request.Model is { } name ? host.Find(name) : host.Require();
        request.Ledger?.IsFor(model.Name);
        PromptBuilder prompts = await model.Prompts.WaitAsync(cancellationToken).ConfigureAwait(false);
        Prompt prompt = request.RawPrompt is { } raw ? prompts.BuildRaw(raw) : prompts.Build(request.Conversation, cancellationToken);
        TokenRoom room = TokenRoom.For(prompt, model, request.MaxNewTokens, request.PromptField);
        GenerationInput input = prompt.Tokens is { } tokens ? GenerationInput.FromTokens(tokens) : GenerationInput.FromText(prompt.Text.Text);
        RepetitionGuard? guard = options.RepeatGuard > 0 ? new(options.RepeatGuard, length => Log.Repeats(logger, model.Name, length, options.RepeatGuard)) : null;
        return new(
            model,
            prompt,
            room.MaxNewTokens,
            guard,
            arrival,
            gone => StartAsync(model, prompt, input, new(request.Sampling, room.MaxNewTokens), request, arrival, gone),
            request.Ledger,
            (ids, text, closing) => Resume(prompts, prompt, request, room, ids, text, closing));
    }

    /// <summary>The prompt and the answer so far as the prompt of a run; null where the runtime's own template would wrap it, or nothing is left to say.</summary>
    private static (GenerationInput Input, RunParameters Parameters)? Resume(
        PromptBuilder prompts, Prompt prompt, GenerationRequest request, TokenRoom room, IReadOnlyList<int> ids, string text, string closing)
    {
        if (prompts.Mode == PromptMode.Runtime)
            return null;
        IReadOnlyList<int> between = prompts.BuildRaw(closing).Tokens ?? [];
        int? left = room.MaxNewTokens - ids.Count - between.Count;
        if (left < 1)
            return null;
        GenerationInput input = prompt.Tokens is { } tokens
            ? GenerationInput.FromTokens([.. tokens, .. ids, .. between])
            : GenerationInput.FromText(prompt.Text.Text + text + closing);
        return (input, new(request.Sampling, left));
    }

    /// <summary>Makes a model the one that the node serves, without a run.</summary>
    /// <exception cref="NoModelException">It was unloaded meanwhile.</exception>
    /// <exception cref="QueueFullException">Too many requests wait already, or this one waited too long.</exception>
    /// <exception cref="EngineException">It could not be loaded.</exception>
    internal async Task LoadAsync(LoadedModel model, TimeSpan? keepAlive, CancellationToken cancellationToken)
    {
        using RunQueue.Turn turn = await queue.EnterAsync(model.Name, cancellationToken).ConfigureAwait(false);
        SessionKeeper keeper = await host.SwitchToAsync(model, cancellationToken).ConfigureAwait(false);
        try
        {
            await keeper.Loaded.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (model.Unloaded.IsCancellationRequested)
        {
            throw new NoModelException();
        }

        host.Touch(model, keepAlive);
    }

    /// <summary>Unloads a model, if it is the one that the node serves, when the runs before this have ended.</summary>
    internal async Task UnloadAsync(string model, CancellationToken cancellationToken)
    {
        using RunQueue.Turn turn = await queue.EnterAsync(model, cancellationToken).ConfigureAwait(false);
        await host.LetGoAsync(model).ConfigureAwait(false);
    }

    /// <summary>Waits for the request's turn and starts its run; the first token is still to come.</summary>
    /// <exception cref="NoModelException">The model was unloaded while the request waited.</exception>
    /// <exception cref="QueueFullException">Too many requests wait already, or this one waited too long.</exception>
    /// <exception cref="EngineException">The model's worker is gone for good.</exception>
    private async Task<StartedRun> StartAsync(
        LoadedModel model, Prompt prompt, GenerationInput input, RunParameters parameters, GenerationRequest request, long arrival, CancellationToken cancellationToken)
    {
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, model.Unloaded);
        RunQueue.Turn? turn = null;
        long joined = Stopwatch.GetTimestamp();
        try
        {
            turn = await queue.EnterAsync(model.Name, gone.Token, request.Ledger?.IsRetry == true).ConfigureAwait(false);
            long turnTaken = Stopwatch.GetTimestamp();
            SessionKeeper keeper = await host.SwitchToAsync(model, gone.Token).ConfigureAwait(false);
            EngineRun run = await keeper.StartRunAsync(session => session.Start(input, parameters), gone.Token).ConfigureAwait(false);
            StartedRun started = new(run, joined, turnTaken, Stopwatch.GetTimestamp());
            _ = FinishAsync(started, keeper, turn, model, prompt, request, arrival);
            return started;
        }
        catch (Exception ex)
        {
            turn?.Dispose();
            if (ex is OperationCanceledException && model.Unloaded.IsCancellationRequested)
                throw new NoModelException();
            throw;
        }
    }

    /// <summary>Passes the turn on when the runtime says the NPU is free, whatever the request does with its answer.</summary>
    private async Task FinishAsync(
        StartedRun started, SessionKeeper keeper, RunQueue.Turn turn, LoadedModel model, Prompt prompt, GenerationRequest request, long arrival)
    {
        EngineRun run = started.First;
        List<RunOutcome> outcomes = [];
        using (turn)
        {
            outcomes.Add(await CompletionOfAsync(run).ConfigureAwait(false));
            while (started.TakeContinuation() is { } next)
            {
                try
                {
                    run = await keeper.StartRunAsync(session => session.Start(next.Input, next.Parameters), model.Unloaded).ConfigureAwait(false);
                }
                catch (Exception ex)
                {
                    next.Run.TrySetException(ex is OperationCanceledException ? new NoModelException() : ex);
                    break;
                }

                started.GoOn(next, run);
                outcomes.Add(await CompletionOfAsync(run).ConfigureAwait(false));
            }

            host.Touch(model, request.KeepAlive);
        }

        AnswerFigures figures = AnswerFigures.Of(model.Name, prompt, outcomes, started, arrival);
        metrics.RecordGeneration(figures.ToSample());
        Log.Finished(
            logger,
            model.Name,
            figures.PromptTokens,
            figures.CachedTokens,
            figures.OutputTokens,
            (long)figures.Timings.Queue.TotalMilliseconds,
            (long)figures.Timings.Load.TotalMilliseconds,
            (long)(figures.ToFirstToken ?? figures.Timings.Total).TotalMilliseconds,
            figures.DecodeRate ?? 0,
            Describe(outcomes[^1].End, run.AbortCause),
            request.Ledger?.Id);
    }

    private async Task<RunOutcome> CompletionOfAsync(EngineRun run)
    {
        RunOutcome outcome = await run.Completion.ConfigureAwait(false);
        if (run.AbortCause is { } cause)
            metrics.RecordAbort(cause.MetricLabel());
        return outcome;
    }

    private static string Describe(GenerationEnd end, AbortCause? cause) => (end.Error, cause) switch
    {
        ({ } error, _) => $"{end.Reason} ({error})",
        (null, AbortCause.Length) => "Length",
        (null, AbortCause.StopSequence) => "Stop (at a stop sequence)",
        (null, AbortCause.Repetition) => "Length (cut as a loop)",
        (null, AbortCause.ThinkingBudget) => "Length (cut at its thinking budget)",
        (null, AbortCause.ClientLeft) when end.Reason == FinishReason.Cancelled => "Cancelled (the client left)",
        (null, AbortCause.Unloaded) when end.Reason == FinishReason.Cancelled => "Cancelled (the model was unloaded)",
        _ => end.Reason.ToString(),
    };

    private static partial class Log
    {
        [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Answer of model {Model} cut: it repeated itself, a phrase of {Length} tokens more than {Times} times")]
        internal static partial void Repeats(ILogger logger, string model, int length, int times);

        [LoggerMessage(
            EventId = 1,
            Level = LogLevel.Information,
            Message = "Finished: model {Model}, prompt {PromptTokens} tokens ({CachedTokens} cached), output {OutputTokens} tokens, queue {QueueMs} ms, load {LoadMs} ms, TTFT {FirstTokenMs} ms, decode {DecodeRate:F1} tok/s, {Reason}, request {RequestId}")]
        internal static partial void Finished(
            ILogger logger, string model, int promptTokens, int? cachedTokens, int outputTokens, long queueMs, long loadMs, long firstTokenMs, double decodeRate, string reason,
            string? requestId);
    }
}
