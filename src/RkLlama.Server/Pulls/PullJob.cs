using System.Runtime.CompilerServices;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Pull;

namespace RkLlama.Server.Pulls;

/// <summary>
/// One pull and the requests that listen to it. It ends when it is done, has failed, or when the last listener has left. Thread-safe.
/// </summary>
/// <param name="name">The name that the model gets.</param>
/// <param name="requested">What the first listener asked for.</param>
/// <param name="source">The name of the model at its source, in its full form.</param>
/// <param name="origin">The source; <see langword="null"/> for a hub.</param>
internal sealed class PullJob(string name, string requested, string source, PullOrigin? origin = null) : IDisposable
{
    // How often listeners are told about progress.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(60);

    private readonly CancellationTokenSource _cancelled = new();
    private readonly Lock _lock = new();

    // Steps other than progress, in their order. Guarded by _lock.
    private readonly List<PullProgress> _steps = [new(PullStage.Planning)];

    // The number of bytes on the disk for each file, in the order of the first report. Guarded by _lock.
    private readonly List<(PlannedFile File, long Completed)> _files = [];

    // Guarded by _lock. Negative after the last listener has left.
    private int _listeners;

    /// <summary>The name that the model gets.</summary>
    internal string Name => name;

    /// <summary>What the first listener asked for.</summary>
    internal string Requested => requested;

    /// <summary>The name of the model at its source, in its full form.</summary>
    internal string Source => source;

    /// <summary>The source; <see langword="null"/> for a hub.</summary>
    internal PullOrigin? Origin => origin;

    /// <summary>Cancelled when the pull has to end.</summary>
    internal CancellationToken Cancelled => _cancelled.Token;

    /// <summary>Completes when the pull has ended. Its exception is a <see cref="HubException"/>, a <see cref="PullStoppedException"/> or an unexpected one.</summary>
    internal Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>The number of bytes of all files of the plan; 0 before there is a plan.</summary>
    internal long TotalBytes { get; set; }

    /// <summary>The number of bytes of all files on the disk.</summary>
    internal long CompletedBytes
    {
        get
        {
            lock (_lock)
                return _files.Sum(static file => file.Completed);
        }
    }

    /// <summary>The number of requests that listen; negative after the last one has left.</summary>
    internal int ListenerCount
    {
        get
        {
            lock (_lock)
                return _listeners;
        }
    }

    /// <summary>Starts the work. Called once.</summary>
    internal void Start(Func<PullJob, Task> work) => Completion = Task.Run(() => work(this));

    /// <summary>Adds a listener.</summary>
    /// <returns><see langword="false"/> if the pull is ending, because its last listener has left.</returns>
    internal bool TryJoin()
    {
        lock (_lock)
        {
            if (_listeners < 0 || _cancelled.IsCancellationRequested)
                return false;
            _listeners++;
            return true;
        }
    }

    /// <summary>Removes a listener. The last one ends the pull, if it is not done.</summary>
    internal void Leave()
    {
        lock (_lock)
        {
            if (--_listeners > 0)
                return;
            _listeners = -1;
        }

        if (!Completion.IsCompleted)
            Cancel();
    }

    /// <summary>Ends the pull for all listeners. What was downloaded is kept.</summary>
    internal void Cancel() => _cancelled.Cancel();

    /// <summary>Records a step.</summary>
    internal void Report(PullProgress progress)
    {
        lock (_lock)
        {
            if (progress.File is null || progress.Note is not null)
            {
                _steps.Add(progress);
                return;
            }

            int index = _files.FindIndex(file => file.File == progress.File);
            if (index < 0)
                _files.Add((progress.File, progress.Completed));
            else
                _files[index] = (progress.File, progress.Completed);
        }
    }

    /// <summary>
    /// Returns what has happened so far, and then what happens until the pull ends. Of the progress of a file, only the newest value is returned. Ends without
    /// an exception also if the pull fails: see <see cref="Completion"/>.
    /// </summary>
    internal async IAsyncEnumerable<PullProgress> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int steps = 0;
        List<long> seen = [];
        while (true)
        {
            bool isEnd = Completion.IsCompleted;
            List<PullProgress> news = [];
            lock (_lock)
            {
                // The steps before the downloads, the downloads, and the steps after them.
                int next = steps;
                for (; next < _steps.Count && _steps[next].Stage <= PullStage.Downloading; next++)
                    news.Add(_steps[next]);
                for (int i = 0; i < _files.Count; i++)
                {
                    if (i < seen.Count && seen[i] == _files[i].Completed)
                        continue;
                    if (i < seen.Count)
                        seen[i] = _files[i].Completed;
                    else
                        seen.Add(_files[i].Completed);
                    news.Add(new(PullStage.Downloading) { File = _files[i].File, Completed = _files[i].Completed });
                }

                for (; next < _steps.Count; next++)
                    news.Add(_steps[next]);
                steps = next;
            }

            foreach (PullProgress one in news)
                yield return one;
            if (isEnd)
                yield break;
            await Task.WhenAny(Completion, Task.Delay(Interval, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _cancelled.Dispose();
}
