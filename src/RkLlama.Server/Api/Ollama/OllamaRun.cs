using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Output;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Ollama;

/// <summary>What <c>/api/chat</c> and <c>/api/generate</c> have in common: a run whose parts become lines, or a model that is loaded or let go.</summary>
/// <typeparam name="TReply">The line, and the whole answer.</typeparam>
/// <param name="name">The model, as the request names it.</param>
/// <param name="part">Makes a line of a part; of none for a heartbeat.</param>
/// <param name="whole">Makes the whole answer of all parts.</param>
internal sealed class OllamaRun<TReply>(
    string name, TimeSpan? keepAlive, bool isStreamed, Func<OutputPart?, TReply> part, Func<IReadOnlyList<OutputPart>, TReply> whole, JsonTypeInfo<TReply> type)
    where TReply : OllamaRunReply
{
    /// <summary>A request without a prompt: <c>keep_alive</c> 0 lets the model go, everything else loads it.</summary>
    internal IResult LoadOnly(Generator generator, ModelHost host, Heartbeat heartbeat)
    {
        LoadedModel model = host.Find(name);
        return new AwaitedJsonAnswer<TReply>(MoveAsync, type, heartbeat);

        async Task<TReply> MoveAsync(CancellationToken cancellationToken)
        {
            bool leaves = keepAlive == TimeSpan.Zero;
            if (leaves)
                await generator.UnloadAsync(model.Name, cancellationToken).ConfigureAwait(false);
            else
                await generator.LoadAsync(model, keepAlive, cancellationToken).ConfigureAwait(false);
            return part(null) with { Done = true, DoneReason = leaves ? "unload" : "load" };
        }
    }

    /// <summary>Answers a prompt that has been prepared.</summary>
    /// <param name="wish">What the endpoint is for, in Ollama's word.</param>
    internal IResult Answer(
        HttpContext context, PreparedAnswer answer, string wish, OllamaOptions options, bool offersTools, ThinkingFields thinking, Heartbeat heartbeat)
    {
        answer.RequireCompletion(name, wish);
        if (offersTools && !answer.Prompts.TakesTools())
            throw ApiException.BadRequest($"\"{name}\" does not support tools");
        if (thinking.IsOn == true && !answer.Prompts.Thinks())
            throw ApiException.BadRequest($"\"{name}\" does not support thinking");

        context.Response.ReportIgnored(answer.Model, options.Sampling, options.Unsupported);
        return isStreamed
            ? new NdjsonStream<TReply>(heartbeat.FillAsync(LinesAsync(answer, context.RequestAborted), () => part(null), context.RequestAborted), type)
            : new AwaitedJsonAnswer<TReply>(left => WholeAsync(answer, left), type, heartbeat);
    }

    private async IAsyncEnumerable<TReply> LinesAsync(PreparedAnswer answer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (SortedPart news in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
            yield return news.End is { } end ? Finish(part(null), end) : part(news.Part);
    }

    private async Task<TReply> WholeAsync(PreparedAnswer answer, CancellationToken cancellationToken)
    {
        List<OutputPart> parts = [];
        AnswerEnd? end = null;
        await foreach (SortedPart news in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            end = news.End;
            if (news.Part is { } one)
                parts.Add(one);
        }

        return Finish(whole(parts), end!);
    }

    /// <summary>The reply with the figures of the end; a call is no reason of its own here.</summary>
    private static TReply Finish(TReply reply, AnswerEnd end) => reply with
    {
        Done = true,
        DoneReason = end.FinishReason == "length" ? "length" : "stop",
        TotalDuration = OllamaTime.Of(end.Timings.Total),
        LoadDuration = OllamaTime.Of(end.Timings.Load),
        PromptEvalCount = end.PromptTokens,
        PromptEvalDuration = OllamaTime.Of(end.Timings.Prefill),
        EvalCount = end.OutputTokens,
        EvalDuration = OllamaTime.Of(end.Timings.Decode),
    };
}
