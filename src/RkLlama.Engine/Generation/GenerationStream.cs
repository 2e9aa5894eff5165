using System.Runtime.CompilerServices;
using System.Threading.Channels;
using RkLlama.Engine.Residency;

namespace RkLlama.Engine.Generation;

/// <summary>
/// The events of one answer. Written by its producer, read once by its request. A slow reader does not delay the run: the channel's size is bounded by the
/// answer's. A waiting reader continues on the producer's thread, which saves two wake-ups a token.
/// </summary>
internal sealed class GenerationStream : IGenerationSink, IDisposable
{
    // Events that came together are one item: the reader sees without waiting that there is more, and sends them together.
    private readonly Channel<GenerationEvent[]> _events = Channel.CreateUnbounded<GenerationEvent[]>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });

    private readonly CancellationTokenSource _abandoned;

    /// <param name="promptTokens">Tokens of the prompt.</param>
    /// <param name="cancellationToken">Cancelled when the request ends early.</param>
    internal GenerationStream(ModelInstance model, ModelCapabilities capabilities, int promptTokens, CancellationToken cancellationToken)
    {
        (Model, Capabilities, PromptTokens) = (model, capabilities, promptTokens);
        _abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Abandoned = _abandoned.Token;
    }

    internal ModelInstance Model { get; }

    internal ModelCapabilities Capabilities { get; }

    internal int PromptTokens { get; }

    /// <summary>Cancelled when the request has ended: the producer aborts its run.</summary>
    internal CancellationToken Abandoned { get; }

    /// <summary>The events in order; the last one has the summary. Throws what made the answer fail, after the events before it.</summary>
    internal async IAsyncEnumerable<GenerationEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (GenerationEvent[] together in _events.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            foreach (GenerationEvent item in together)
                yield return item;
        }
    }

    /// <inheritdoc/>
    public void Write(GenerationEvent[] events) => _events.Writer.TryWrite(events);

    /// <summary>Writes the last event and completes the stream.</summary>
    internal void Complete(GenerationSummary summary)
    {
        Write([new(null, summary.OutputTokens, summary.TokensPerSecond, summary)]);
        _events.Writer.TryComplete();
    }

    /// <summary>Completes the stream with an error.</summary>
    internal void Fail(Exception error) => _events.Writer.TryComplete(error);

    /// <summary>Ends the production, if it is not over. The run's end, and with it the queue slot, follows.</summary>
    public void Dispose()
    {
        _abandoned.Cancel();
        _abandoned.Dispose();
    }
}

/// <summary>Takes the events of an answer as they are produced.</summary>
internal interface IGenerationSink
{
    /// <summary>Events that came together; returns at once.</summary>
    void Write(GenerationEvent[] events);
}
