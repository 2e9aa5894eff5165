using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Engine.Workers.Server;
using RkLlama.Native;

namespace RkLlama.Engine.Tests.Workers;

/// <summary>A worker process that SIGKILL does not end, because it is stuck in the driver.</summary>
[SupportedOSPlatform("linux")]
public sealed class StuckWorkerTests : IDisposable
{
    private static readonly ModelLoadParameters Model = new("m", "/m.rkllm", 4096, 2048, SamplingParameters.Default);

    private readonly FakeTimeProvider _time = new();
    private readonly List<Process> _spared = [];
    private readonly string _executable = Path.Combine(Path.GetTempPath(), $"rkllama-stuck-{Guid.NewGuid():N}");
    private readonly Lines _log = new();

    public StuckWorkerTests()
    {
        // A process that reads and writes nothing. It ends after 60 s, if the test does not end it.
        File.WriteAllText(_executable, "#!/bin/sh\nexec sleep 60 2>/dev/null\n");
        File.SetUnixFileMode(_executable, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public void Dispose() => File.Delete(_executable);

    [Fact]
    public async Task If_a_worker_still_exists_ten_seconds_after_SIGKILL_the_log_asks_for_a_reboot()
    {
        WorkerSession session = new(Settings(), NullLogger.Instance, _log);
        Task<WorkerSession> loading = session.LoadAsync("/l.so", null, Model, CancellationToken.None);
        await PassAsync(TimeSpan.FromSeconds(3), () => loading.IsCompleted);
        await loading.Awaiting(task => task).Should().ThrowAsync<EngineException>().WithMessage("*longer than 3 s to load the model*");
        Task ending = session.DisposeAsync().AsTask();
        await HeldRuns.EventuallyAsync(() => _spared.Count == 1);

        _time.Advance(TimeSpan.FromSeconds(9.9));
        session.Stuck.Should().BeNull();
        await PassAsync(TimeSpan.FromSeconds(0.2), () => ending.IsCompleted);

        session.Stuck.Should().NotBeNull();
        session.Stuck!.Exited.IsCompleted.Should().BeFalse();
        _log.Text.Should().Contain("The board needs a reboot: worker process").And.Contain("stuck in the NPU driver");

        _spared[0].Kill();
        await HeldRuns.EventuallyAsync(() => session.Stuck is null);
    }

    /// <summary>Advances the clock until a timer has caused the condition.</summary>
    private Task PassAsync(TimeSpan time, Func<bool> happened) => HeldRuns.EventuallyAsync(() =>
    {
        if (!happened())
            _time.Advance(time);
        return happened();
    });

    private WorkerSettings Settings() => new(
        _executable, null, TimeSpan.FromSeconds(3), new(TimeSpan.FromSeconds(1), TimeSpan.Zero, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)), _time)
    {
        Kill = _spared.Add,
    };

    private sealed class Lines : ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public string Text => string.Join('\n', _lines);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue($"{logLevel} {formatter(state, exception)}");
    }
}
