using System.Text.Json;

namespace RkLlama.Engine.Tests.Support;

/// <summary>An engine whose runs send nothing by themselves. The test drives each run.</summary>
internal sealed class HeldRuns : IDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    internal const string Hello = """{"messages":[{"role":"user","content":"Hi"}]}""";
    internal const string HelloStream = """{"messages":[{"role":"user","content":"Hi"}],"stream":true}""";

    private readonly SemaphoreSlim _started = new(0);
    private readonly List<FakeRun> _runs = [];

    public HeldRuns() => Engine = new()
    {
        Run = run =>
        {
            lock (_runs)
                _runs.Add(run);
            _started.Release();
            return Task.CompletedTask;
        },
    };

    public FakeEngine Engine { get; }

    public int Count
    {
        get
        {
            lock (_runs)
                return _runs.Count;
        }
    }

    /// <summary>The run that has started last.</summary>
    public FakeRun Last
    {
        get
        {
            lock (_runs)
                return _runs[^1];
        }
    }

    /// <summary>Waits for the next run to start, and returns it.</summary>
    public async Task<FakeRun> NextAsync()
    {
        (await _started.WaitAsync(Patience)).Should().BeTrue("a run should have started");
        lock (_runs)
            return _runs[^1];
    }

    public static string? Content(JsonElement reply) => reply.GetProperty("choices")[0].GetProperty("content").GetString();

    public static async Task EventuallyAsync(Func<bool> condition)
    {
        using CancellationTokenSource timeout = new(Patience);
        while (!condition())
            await Task.Delay(5, timeout.Token);
    }

    public void Dispose() => _started.Dispose();
}
