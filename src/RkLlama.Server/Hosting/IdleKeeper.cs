using RkLlama.Server.Inference;

namespace RkLlama.Server.Hosting;

/// <summary>Unloads a model that requests had loaded and nobody has used for its time, and brings the preloaded one back.</summary>
internal sealed partial class IdleKeeper(ModelHost host, RunQueue queue, TimeProvider clock, ILogger<IdleKeeper> logger) : BackgroundService
{
    // Longer than that no timer can wait.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly BackOff _backOff = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            // Whatever comes first is looked at again: a node that nobody uses is not woken for nothing.
            if (host.TidyIn is var wait && wait != TimeSpan.Zero)
                await SleepAsync(wait, stoppingToken).ConfigureAwait(false);
            else if (queue.TryEnter(host.Home?.Name ?? "") is { } turn)
                await TidyAsync(turn, stoppingToken).ConfigureAwait(false);
            else
                await queue.WhenIdleAsync(Timeout.InfiniteTimeSpan, stoppingToken).ConfigureAwait(false);
        }
    }

    /// <summary>So long at most, for ever when that is null; a change ends it.</summary>
    private async Task SleepAsync(TimeSpan? time, CancellationToken stoppingToken)
    {
        using CancellationTokenSource awake = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task change = host.ChangeAsync(awake.Token);
        Task alarm = Task.Delay(time is { } some ? TimeSpan.FromTicks(Math.Min(some.Ticks, LongestWait.Ticks)) : Timeout.InfiniteTimeSpan, clock, awake.Token);
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
                await host.TidyAsync().ConfigureAwait(false);
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
