using RkLlama.Engine.Generation;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Output;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Generation;

/// <summary>A node with a generation service, and shortcuts for tests of it.</summary>
public abstract class GenerationServiceFixture : IAsyncDisposable
{
    private readonly GenerationService _service;

    private protected GenerationServiceFixture(bool constrainsOutput = false)
    {
        Node = new(options => options with { MaxRepetitions = 3, ConstrainsOutput = constrainsOutput });
        _service = Node.NewGenerationService();
    }

    private protected EngineNode Node { get; }

    private protected FakeEngine Engine => Node.Engine;

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Node.DisposeAsync();
    }

    private protected Task<GenerationStream> StartAsync(GenerationRequest request, CancellationToken cancellationToken = default) =>
        _service.StartAsync(request, cancellationToken).WaitAsync(Patience, CancellationToken.None);

    /// <summary>Waits for the next run, sends these tokens and ends it.</summary>
    private protected async Task AnswerAsync(params string[] tokens)
    {
        FakeRun run = await Node.Runs.NextAsync();
        foreach (string token in tokens)
            await run.SendAsync(token);
        run.End(RunEndReason.Stop);
    }

    private protected static async Task<List<GenerationEvent>> ReadAsync(GenerationStream stream)
    {
        using CancellationTokenSource timeout = new(Patience);
        List<GenerationEvent> events = [];
        await foreach (GenerationEvent item in stream.ReadAsync(timeout.Token))
            events.Add(item);
        return events;
    }

    private protected static string Text(IEnumerable<GenerationEvent> events) => string.Concat(events.Select(item => item.Part).OfType<ContentPart>().Select(part => part.Text));
}
