using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;

namespace RkLlama.Server.Hosting;

/// <summary>Unloads a model that requests had loaded and nobody has used for its time, and brings the preloaded one back.</summary>
internal sealed partial class IdleKeeper(ModelHost host, NodeFaults faults, RunQueue queue, TimeProvider clock, ILogger<IdleKeeper> logger) : BackgroundService
{
    // Longer than that no timer can wait.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly BackOff _backOff = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            // Whatever comes first is looked at again: a node that nobody uses is not woken for nothing.
            if (TidyIn() is var wait && wait != TimeSpan.Zero)
                await SleepAsync(wait, stoppingToken).ConfigureAwait(false);
            else if (queue.TryEnter(host.Home?.Name ?? "") is { } turn)
                await TidyAsync(turn, stoppingToken).ConfigureAwait(false);
            else
                await MakeWayAsync(stoppingToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until nobody has the turn; a pause, too, because a line that is closed gives none.</summary>
    private async Task MakeWayAsync(CancellationToken stoppingToken)
    {
        await queue.WhenIdleAsync(Timeout.InfiniteTimeSpan, stoppingToken).ConfigureAwait(false);
        await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>How long until there is something to do, zero for now; <see langword="null"/> when nothing is to come. It may be sooner after a change.</summary>
    private TimeSpan? TidyIn()
    {
        if (faults.Stuck is not null)
            return null;
        if (host.Current is not { } model)
            return host.Home is not null && !host.IsOccupied ? TimeSpan.Zero : null;
        if (model.Expires == DateTimeOffset.MaxValue)
            return null;
        return model.Expires - clock.GetUtcNow() is { Ticks: > 0 } rest ? rest : TimeSpan.Zero;
    }

    /// <summary>So long at most, for ever when that is null; a change ends it.</summary>
    private async Task SleepAsync(TimeSpan? time, CancellationToken stoppingToken)
    {
        using CancellationTokenSource awake = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task change = host.ChangeAsync(awake.Token);
        Task alarm = Task.Delay(time is { } some ? TimeSpan.FromTicks(Math.Min(some.Ticks, LongestWait.Ticks)) : Timeout.InfiniteTimeSpan, clock, awake.Token);

        // Time may have gone by since somebody looked at the clock.
        if (TidyIn() != TimeSpan.Zero)
            await Task.WhenAny(change, alarm).ConfigureAwait(false);
        await awake.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(change, alarm).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>With the turn in hand nobody else starts a run or switches.</summary>
    private async Task TidyAsync(RunQueue.Turn turn, CancellationToken stoppingToken)
    {
        TimeSpan delay = TimeSpan.Zero;
        using (turn)
        {
            try
            {
                if (host.Current is { } model && model.Expires <= clock.GetUtcNow())
                    await host.LetGoAsync(model.Name).ConfigureAwait(false);
                if (host.Home is { } home && !host.IsOccupied)
                    await host.SwitchToAsync(home, CancellationToken.None).ConfigureAwait(false);
                _backOff.Reset();
            }
            catch (NoModelException)
            {
                // The operator unloaded it meanwhile.
            }
            catch (EngineException ex)
            {
                delay = _backOff.Next();
                Log.Failed(logger, ex.Message, delay.TotalSeconds);
            }
        }

        await Task.Delay(delay, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "The preloaded model could not be brought back, next attempt in {Seconds} s: {Reason}")]
        internal static partial void Failed(ILogger logger, string reason, double seconds);
    }
}
