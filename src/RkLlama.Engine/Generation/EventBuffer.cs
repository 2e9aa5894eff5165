using RkLlama.Output;

namespace RkLlama.Engine.Generation;

/// <summary>Collects the events of tokens that arrive together, and passes them to the sink as one batch. Used by one task.</summary>
internal sealed class EventBuffer(IGenerationSink sink)
{
    private readonly List<GenerationEvent> _events = [];

    /// <summary>The parts of the output that <see cref="Collect"/> converts next.</summary>
    internal List<OutputPart> Parts { get; } = [];

    /// <summary>Converts the parts to events and removes them.</summary>
    /// <param name="tokens">Number of tokens so far.</param>
    /// <param name="rate">Tokens per second so far.</param>
    internal void Collect(int tokens, double rate)
    {
        foreach (OutputPart part in Parts)
            _events.Add(new(part, tokens, rate, null));
        Parts.Clear();
    }

    /// <summary>Passes the collected events to the sink.</summary>
    internal void Flush()
    {
        if (_events.Count == 0)
            return;
        sink.Write([.. _events]);
        _events.Clear();
    }
}
