using System.Runtime.CompilerServices;
using System.Threading.Channels;
using RkLlama.Engine.Residency;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>
/// The events of one generation. The task of the generation writes them; the request reads them once. A slow reader does not delay the run: the channel is
/// unbounded, and max new tokens limits the number of events. If the reader waits, it continues on the thread of the writer, which saves two thread wake-ups
/// per token.
/// </summary>
internal sealed class GenerationStream : IGenerationSink, IGenerationEvents
{
    // Each item is a batch of events that were written together, so that the reader can send them together.
    private readonly Channel<GenerationEvent[]> _events = Channel.CreateUnbounded<GenerationEvent[]>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });

    private readonly CancellationTokenSource _abandoned;

    /// <param name="promptTokens">Number of tokens of the prompt; an estimate if the runtime tokenizes the prompt itself.</param>
    /// <param name="cancellationToken">Cancelled if the client disconnects or a retry replaces the request.</param>
    internal GenerationStream(ModelInstance model, ModelCapabilities capabilities, int promptTokens, CancellationToken cancellationToken)
    {
        (Model, Capabilities, PromptTokens) = (model, capabilities, promptTokens);
        _abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Abandoned = _abandoned.Token;
    }

    internal ModelInstance Model { get; }

    internal ModelCapabilities Capabilities { get; }

    public int PromptTokens { get; }

    /// <summary>The parts of the request that have no effect on the prompt.</summary>
    internal IgnoredInput Ignored { get; init; } = IgnoredInput.None;

    /// <summary>Whether a tool call was written.</summary>
    internal bool HasToolCalls { get; private set; }

    /// <summary>Whether the last event was written.</summary>
    internal bool HasEnded { get; private set; }

    /// <summary>
    /// Cancelled when the constructor's token is cancelled or the reader disposes the stream. Then the generation leaves the queue or aborts its run.
    /// </summary>
    internal CancellationToken Abandoned { get; }

    /// <summary>
    /// Returns the events in order. The last event has the summary. If the generation fails, throws its error after the events that came before it. May be
    /// called once.
    /// </summary>
    public async IAsyncEnumerable<GenerationEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (GenerationEvent[] together in _events.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            foreach (GenerationEvent item in together)
                yield return item;
        }
    }

    /// <inheritdoc/>
    public void Write(GenerationEvent[] events)
    {
        HasToolCalls |= Array.Exists(events, static item => item.IsToolCall);
        _events.Writer.TryWrite(events);
    }

    /// <summary>Writes the last event and completes the stream.</summary>
    internal void Complete(GenerationSummary summary)
    {
        HasEnded = true;
        Write([new(null, summary.OutputTokens, summary.TokensPerSecond, summary)]);
        _events.Writer.TryComplete();
    }

    /// <summary>Completes the stream with an error, which the reader gets after the events.</summary>
    internal void Fail(Exception error) => _events.Writer.TryComplete(error);

    /// <summary>Cancels the generation if it has not ended. Does not wait until the run has ended and the queue slot is released.</summary>
    public void Dispose()
    {
        _abandoned.Cancel();
        _abandoned.Dispose();
    }
}

/// <summary>The events that answer one request. Disposing cancels what has not ended.</summary>
internal interface IGenerationEvents : IDisposable
{
    /// <summary>Number of tokens of all prompts that have been built; an estimate if the runtime tokenizes the prompts itself.</summary>
    int PromptTokens { get; }

    /// <summary>Returns the events in order. If a generation fails, throws its error after the events that came before it. May be called once.</summary>
    IAsyncEnumerable<GenerationEvent> ReadAsync(CancellationToken cancellationToken);
}

/// <summary>Receives the events of a generation.</summary>
internal interface IGenerationSink
{
    /// <summary>Receives events that arrived together. Must return at once.</summary>
    void Write(GenerationEvent[] events);
}
