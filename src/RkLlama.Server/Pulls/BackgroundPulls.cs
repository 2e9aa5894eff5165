using RkLlama.Engine.Models;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Pull;

namespace RkLlama.Server.Pulls;

/// <summary>
/// Pulls that run until they are done, have failed or are stopped, without a client that listens. Remembers for 10 minutes why a pull has failed. Thread-safe.
/// </summary>
internal sealed class BackgroundPulls(PullService pulls, TimeProvider time)
{
    private const int MaxFailures = 16;

    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();

    // Guarded by _lock. The oldest one first.
    private readonly List<(string Model, string Error, long At)> _failures = [];

    /// <summary>The models whose last background pull has failed, with the reasons.</summary>
    internal IReadOnlyList<(string Model, string Error)> Failures
    {
        get
        {
            lock (_lock)
            {
                _failures.RemoveAll(failure => time.GetElapsedTime(failure.At) > Kept);
                return [.. _failures.Select(static failure => (failure.Model, failure.Error))];
            }
        }
    }

    /// <summary>Starts or joins a pull.</summary>
    /// <param name="localName">The name that the model gets; <see langword="null"/> for the name that the request implies.</param>
    /// <returns>The name that the model gets, and whether there is nothing to pull.</returns>
    /// <exception cref="HubException">The name is not valid, or a model of another source with the same name is being pulled.</exception>
    /// <exception cref="ModelException">The model's Modelfile is not valid, or there is a model of another source with the name.</exception>
    internal (string Model, bool IsPresent) Start(string requested, string? localName)
    {
        PullAnswer answer = pulls.Start(requested, localName, null);
        if (answer.Job is not { } job)
            return (answer.Model, true);
        Forget(job.Name);
        _ = ListenAsync(job);
        return (job.Name, false);
    }

    /// <summary>Forgets why the last pull of a model has failed.</summary>
    /// <returns>Whether there was a failure.</returns>
    internal bool Forget(string model)
    {
        lock (_lock)
            return _failures.RemoveAll(failure => failure.Model.Equals(model, StringComparison.OrdinalIgnoreCase)) > 0;
    }

    private async Task ListenAsync(PullJob job)
    {
        try
        {
            await job.Completion.ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is PullStoppedException or OperationCanceledException)
        {
            // Somebody has stopped the pull.
        }
        catch (Exception ex)
        {
            lock (_lock)
            {
                if (_failures.Count == MaxFailures)
                    _failures.RemoveAt(0);
                _failures.Add((job.Name, ex.Message, time.GetTimestamp()));
            }
        }
        finally
        {
            job.Leave();
        }
    }
}
