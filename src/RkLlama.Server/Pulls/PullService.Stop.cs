using RkLlama.Engine.Models;

namespace RkLlama.Server.Pulls;

/// <content>Ends pulls.</content>
internal sealed partial class PullService
{
    /// <summary>Stops the pulls of a model for all their listeners, and the attempts of a pull at start. What was downloaded is kept. Returns when they have ended.</summary>
    /// <param name="requested">The name that the model gets, or what was asked for.</param>
    /// <returns>Whether there was a pull.</returns>
    internal async Task<bool> StopAsync(string requested)
    {
        string name = LocalNameOf(requested);
        RequestedSource? source = sources.Read(requested);
        PullJob[] jobs = [.. Jobs.Where(job => ModelName.IsSame(job.Name, name) || job.Requested.Equals(requested, StringComparison.OrdinalIgnoreCase) || IsOf(job, source))];
        StartupPull[] waiting = [.. AtStart.Where(pull => !pull.IsDone && !pull.Stopped.IsCancellationRequested && ModelName.IsSame(LocalNameOf(pull.Requested), name) && catalog.Resolve(name) is null)];
        foreach (StartupPull pull in waiting)
            pull.Stop();
        foreach (PullJob job in jobs)
        {
            job.Cancel();
            await job.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return jobs.Length + waiting.Length > 0;
    }

    /// <summary>Whether the server stops, so that there are no more pulls.</summary>
    internal bool IsClosed { get; private set; }

    /// <summary>Ends all pulls and refuses new ones, because the server stops. What was downloaded is kept.</summary>
    internal void Close()
    {
        PullJob[] jobs;
        lock (_lock)
        {
            IsClosed = true;
            jobs = [.. _jobs.Values];
        }

        foreach (PullJob job in jobs)
            job.Cancel();
    }

    /// <summary>Ends all pulls. What was downloaded is kept.</summary>
    public async ValueTask DisposeAsync()
    {
        Close();
        foreach (PullJob job in Jobs)
        {
            await job.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
