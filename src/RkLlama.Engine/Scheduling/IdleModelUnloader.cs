using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Scheduling;

/// <summary>Unloads a model whose idle timer has expired, and loads the operator's preloaded model again. Sleeps until the next of these, or a change.</summary>
internal sealed partial class IdleModelUnloader : BackgroundService
{
    // Timers cannot wait longer.
    private static readonly TimeSpan MaxSleep = TimeSpan.FromDays(1);
    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(1);

    private readonly ModelHost _host;
    private readonly RunQueue _queue;
    private readonly TimeProvider _time;
    private readonly ILogger<IdleModelUnloader> _logger;
    private readonly RetryBackoff _backoff = new();

    // Holds one item when something has changed since the last look.
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true, AllowSynchronousContinuations = false });

    public IdleModelUnloader(ModelHost host, RunQueue queue, TimeProvider time, ILogger<IdleModelUnloader> logger)
    {
        (_host, _queue, _time, _logger) = (host, queue, time, logger);
        host.StateChanged += (model, from) =>
        {
            // The end of a run resets the idle timer, which is a change of policy.
            if (from != ModelState.Running && model.State != ModelState.Running)
                _changes.Writer.TryWrite(true);
        };
        host.PolicyChanged += () => _changes.Writer.TryWrite(true);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (NextActionIn() is var wait && wait != TimeSpan.Zero)
                await SleepAsync(wait, stoppingToken).ConfigureAwait(false);
            else if (_queue.TryEnter(_host.PreloadedModel?.Name ?? "") is { } slot)
                await ActAsync(slot, stoppingToken).ConfigureAwait(false);
            else
                await WaitForSlotAsync(stoppingToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until no run is active. The pause is for a closed queue, which gives no slot.</summary>
    private async Task WaitForSlotAsync(CancellationToken stoppingToken)
    {
        await _queue.WhenIdleAsync(Timeout.InfiniteTimeSpan, stoppingToken).ConfigureAwait(false);
        await Task.Delay(BusyPause, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The time until there is something to do, zero for now; <see langword="null"/> if only a change can bring something.</summary>
    private TimeSpan? NextActionIn()
    {
        if (_host.Status.State == ModelState.Stuck)
            return null;
        if (_host.Current is not { } model)
            return _host.PreloadedModel is not null && !_host.IsBusy ? TimeSpan.Zero : null;
        if (model.Expires == DateTimeOffset.MaxValue)
            return null;
        return model.Expires - _time.GetUtcNow() is { Ticks: > 0 } rest ? rest : TimeSpan.Zero;
    }

    /// <summary>Waits for a change, at most for this time; without limit if it is null.</summary>
    private async Task SleepAsync(TimeSpan? time, CancellationToken stoppingToken)
    {
        using CancellationTokenSource awake = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task change = _changes.Reader.ReadAsync(awake.Token).AsTask();
        Task alarm = Task.Delay(time is { } some ? TimeSpan.FromTicks(Math.Min(some.Ticks, MaxSleep.Ticks)) : Timeout.InfiniteTimeSpan, _time, awake.Token);

        // The clock may have advanced since the caller looked.
        if (NextActionIn() != TimeSpan.Zero)
            await Task.WhenAny(change, alarm).ConfigureAwait(false);
        await awake.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(change, alarm).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Holds the slot, so no run starts and no request switches the model meanwhile.</summary>
    private async Task ActAsync(QueueSlot slot, CancellationToken stoppingToken)
    {
        TimeSpan delay = TimeSpan.Zero;
        using (slot)
        {
            try
            {
                if (_host.Current is { } model && model.Expires <= _time.GetUtcNow())
                    await _host.UnloadIdleAsync(model.Name).ConfigureAwait(false);
                if (_host.PreloadedModel is { } preloaded && !_host.IsBusy)
                    await _host.EnsureLoadedAsync(preloaded, CancellationToken.None).ConfigureAwait(false);
                _backoff.Reset();
            }
            catch (NoModelException)
            {
                // The operator unloaded it meanwhile.
            }
            catch (EngineException ex)
            {
                delay = _backoff.Next();
                Log.Failed(_logger, ex.Message, delay.TotalSeconds);
            }
        }

        await Task.Delay(delay, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "The preloaded model could not be brought back, next attempt in {Seconds} s: {Reason}")]
        internal static partial void Failed(ILogger logger, string reason, double seconds);
    }
}
