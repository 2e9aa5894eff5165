using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// Unloads models when their idle timers expire, and loads preloaded models again when there is room for them. Sleeps until there is something to do.
/// </summary>
internal sealed partial class IdleModelUnloader : BackgroundService
{
    // Task.Delay accepts at most 49 days. So the sleep ends after a day, and the time is computed again.
    private static readonly TimeSpan MaxSleep = TimeSpan.FromDays(1);
    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(1);

    private readonly ModelHost _host;
    private readonly RunQueue _queue;
    private readonly TimeProvider _time;
    private readonly ILogger<IdleModelUnloader> _logger;
    private readonly RetryBackoff _backoff = new();

    // Contains an item if a state or an idle timer has changed since the last read.
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true, AllowSynchronousContinuations = false });

    public IdleModelUnloader(ModelHost host, RunQueue queue, HeapTrimmer heap, TimeProvider time, ILogger<IdleModelUnloader> logger)
    {
        (_host, _queue, _time, _logger) = (host, queue, time, logger);
        host.StateChanged += (model, from) =>
        {
            // Ignores the start and the end of a run. ResetIdleTimer raises PolicyChanged at the end of each run.
            if (from != ModelState.Running && model.State != ModelState.Running)
                _changes.Writer.TryWrite(true);
        };
        host.MemoryFreed += heap.MemoryFreed;
        host.PolicyChanged += () => _changes.Writer.TryWrite(true);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (NextActionIn() is var wait && wait != TimeSpan.Zero)
                await SleepAsync(wait, stoppingToken).ConfigureAwait(false);
            else if (_queue.TryEnter() is { } slot)
                await ActAsync(slot, stoppingToken).ConfigureAwait(false);
            else
                await WaitForSlotAsync(stoppingToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Waits until no run is active, and then 1 s more. A closed queue gives no slot although no run is active, so without the extra second the loop would use
    /// a whole CPU core.
    /// </summary>
    private async Task WaitForSlotAsync(CancellationToken stoppingToken)
    {
        await _queue.WhenIdleAsync(Timeout.InfiniteTimeSpan, stoppingToken).ConfigureAwait(false);
        await Task.Delay(BusyPause, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Returns the time until the next action: zero if an action is due now, <see langword="null"/> if no action is planned.</summary>
    private TimeSpan? NextActionIn()
    {
        if (_host.Status.State == ModelState.Stuck)
            return null;
        if (_host.PreloadedModels.Any(_host.HasRoomFor))
            return TimeSpan.Zero;
        return _host.Residents.Where(static resident => resident.Model.IsLoaded).Min(static resident => resident.Model.IdleTimer?.Remaining) is { } rest
            ? TimeSpan.FromTicks(Math.Max(rest.Ticks, 0))
            : null;
    }

    /// <summary>Waits until the state of a model or an idle timer changes, or the time is over.</summary>
    /// <param name="time">Maximum time to wait; null for no limit. More than one day counts as one day.</param>
    private async Task SleepAsync(TimeSpan? time, CancellationToken stoppingToken)
    {
        using CancellationTokenSource awake = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task change = _changes.Reader.ReadAsync(awake.Token).AsTask();
        Task alarm = Task.Delay(time is { } some ? TimeSpan.FromTicks(Math.Min(some.Ticks, MaxSleep.Ticks)) : Timeout.InfiniteTimeSpan, _time, awake.Token);

        // An action may have become due after the caller computed the time.
        if (NextActionIn() != TimeSpan.Zero)
            await Task.WhenAny(change, alarm).ConfigureAwait(false);
        await awake.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(change, alarm).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Unloads the models whose idle timers have expired, and loads preloaded models. Holds the slot only while it starts this, so that the workers are idle. After a
    /// failure, waits for the retry delay.
    /// </summary>
    private async Task ActAsync(QueueSlot slot, CancellationToken stoppingToken)
    {
        TimeSpan delay = TimeSpan.Zero;
        try
        {
            await Task.WhenAll(Start(slot)).ConfigureAwait(false);
            _backoff.Reset();
        }
        catch (NoModelException)
        {
            // The operator has unloaded the model meanwhile. The pause keeps the loop from using a whole core if the state does not change.
            delay = BusyPause;
        }
        catch (EngineException ex)
        {
            delay = _backoff.Next();
            Log.Failed(_logger, ex.Message, delay.TotalSeconds);
        }

        await Task.Delay(delay, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private List<Task> Start(QueueSlot slot)
    {
        List<Task> started = [];
        using (slot)
        {
            foreach (Resident resident in _host.Residents.Where(static resident => resident.Model.IdleTimer?.Remaining <= TimeSpan.Zero))
                started.Add(_host.StopWorkerAsync(resident.Model.Name));
            foreach (ModelInstance preloaded in _host.PreloadedModels.Where(_host.HasRoomFor))
                started.Add(_host.BeginLoad(preloaded, null, out _));
        }

        return started;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "A preloaded model could not be loaded again, next attempt in {Seconds} s: {Reason}")]
        internal static partial void Failed(ILogger logger, string reason, double seconds);
    }
}
