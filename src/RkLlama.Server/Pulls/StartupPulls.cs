using RkLlama.Engine.Configuration;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Pull;

namespace RkLlama.Server.Pulls;

/// <summary>
/// Downloads the models of the setting <see cref="NodeOptions.Pulls"/> in the background when the server starts. After a failure, tries
/// again with growing delays, without a limit, unless the operator stops the download. The state of the node does not depend on it.
/// </summary>
internal sealed partial class StartupPulls(PullService pulls, TimeProvider clock, ILogger<StartupPulls> logger) : BackgroundService
{
    // How often the log has the progress.
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(pulls.AtStart.Select(pull => PullAsync(pull, stoppingToken)));

    private async Task PullAsync(StartupPull pull, CancellationToken stoppingToken)
    {
        await Task.Yield();
        RetryBackoff backoff = new();
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, pull.Stopped);
        while (!ended.IsCancellationRequested)
        {
            try
            {
                if (!pulls.IsPresent(pull.Requested))
                    await PullOnceAsync(pull, ended.Token).ConfigureAwait(false);
                pull.IsDone = true;
                return;
            }
            catch (Exception ex) when (ex is PullStoppedException or OperationCanceledException or DrainingException)
            {
                // The server stops, or the operator has stopped the pull.
                if (!stoppingToken.IsCancellationRequested && !pulls.IsClosed)
                    pull.Stop();
                break;
            }
            catch (Exception ex) when (ex is HubException or ModelException)
            {
                TimeSpan delay = backoff.Next();
                pull.Failure = ex.Message;
                Log.Failed(logger, pull.Requested, delay.TotalSeconds, ex.Message);
                await Task.Delay(delay, clock, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        if (pull.Stopped.IsCancellationRequested)
            Log.Stopped(logger, pull.Requested);
    }

    private async Task PullOnceAsync(StartupPull pull, CancellationToken cancellationToken)
    {
        // Another request may have brought the model in the meantime.
        if (pulls.Start(pull.Requested, localName: null, origin: null).Job is not { } job)
            return;
        pull.Failure = null;
        try
        {
            while (await Task.WhenAny(job.Completion, Task.Delay(ReportInterval, clock, cancellationToken)).ConfigureAwait(false) != job.Completion)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Log.Progress(logger, pull.Requested, job.CompletedBytes / 1_000_000, job.TotalBytes / 1_000_000);
            }

            await job.Completion.ConfigureAwait(false);
        }
        finally
        {
            job.Leave();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Model {Model} could not be pulled, next attempt in {Seconds} s: {Reason}")]
        internal static partial void Failed(ILogger logger, string model, double seconds, string reason);

        [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Pull of {Model}: {Megabytes} of {Total} MB")]
        internal static partial void Progress(ILogger logger, string model, long megabytes, long total);

        [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "Pull of {Model} was stopped. The next pull or the next start of the server continues it")]
        internal static partial void Stopped(ILogger logger, string model);
    }
}
