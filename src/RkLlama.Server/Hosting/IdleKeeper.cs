using RkLlama.Server.Inference;

namespace RkLlama.Server.Hosting;

/// <summary>Unloads a model that requests had loaded and nobody has used for its time, and brings the preloaded one back.</summary>
internal sealed partial class IdleKeeper(ModelHost host, RunQueue queue, TimeProvider time, ILogger<IdleKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly BackOff _backOff = new();
    private long _failed;
    private TimeSpan _delay;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Look, time);
        while (await TicksAsync(timer, stoppingToken).ConfigureAwait(false))
        {
            // With the turn in hand nobody else starts a run or switches.
            if (!host.NeedsTidying || time.GetElapsedTime(_failed) < _delay || queue.TryEnter(host.Home?.Name ?? "") is not { } turn)
                continue;

            using (turn)
            {
                try
                {
                    await host.TidyAsync().ConfigureAwait(false);
                    _backOff.Reset();
                    _delay = TimeSpan.Zero;
                }
                catch (NoModelException)
                {
                    // The operator unloaded it meanwhile.
                }
                catch (EngineException ex)
                {
                    (_failed, _delay) = (time.GetTimestamp(), _backOff.Next());
                    Log.Failed(logger, ex.Message, _delay.TotalSeconds);
                }
            }
        }
    }

    /// <summary>The host calls a cancelled service a failed one when it could not start itself.</summary>
    private static async Task<bool> TicksAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "The preloaded model could not be brought back, next attempt in {Seconds} s: {Reason}")]
        internal static partial void Failed(ILogger logger, string reason, double seconds);
    }
}
