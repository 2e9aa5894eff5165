using System.Runtime.CompilerServices;
using System.Threading.Channels;
using RkLlama.Engine.Residency;

namespace RkLlama.Engine.Generation;

/// <summary>
/// The events of one generation. Written by the generation's task, read once by the request. A slow reader does not delay the run: the channel is unbounded,
/// but the number of events is limited by max new tokens. A waiting reader continues on the writer's thread, which saves two thread wake-ups per token.
/// </summary>
internal sealed class GenerationStream : IGenerationSink, IDisposable
{
    // Each item is a batch of events that were written together, so that the reader can send them together.
    private readonly Channel<GenerationEvent[]> _events = Channel.CreateUnbounded<GenerationEvent[]>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });

    private readonly CancellationTokenSource _abandoned;

    /// <param name="promptTokens">Number of tokens of the prompt.</param>
    /// <param name="cancellationToken">Cancelled if the client disconnects.</param>
    internal GenerationStream(ModelInstance model, ModelCapabilities capabilities, int promptTokens, CancellationToken cancellationToken)
    {
        (Model, Capabilities, PromptTokens) = (model, capabilities, promptTokens);
        _abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Abandoned = _abandoned.Token;
    }

    internal ModelInstance Model { get; }

    internal ModelCapabilities Capabilities { get; }

    internal int PromptTokens { get; }

    /// <summary>Cancelled if the client disconnects, or when the reader disposes the stream. Then the generation aborts its run.</summary>
    internal CancellationToken Abandoned { get; }

    /// <summary>Returns the events in order. The last one has the summary. If the generation fails, throws its error after the events before it.</summary>
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

    /// <summary>Cancels the generation if it has not ended. Does not wait for the end of the run or for the release of the queue slot.</summary>
    public void Dispose()
    {
        _abandoned.Cancel();
        _abandoned.Dispose();
    }
}

/// <summary>Receives the events of a generation.</summary>
internal interface IGenerationSink
{
    /// <summary>Receives events that arrived together. Must return at once.</summary>
    void Write(GenerationEvent[] events);
}
