using System.Globalization;

namespace RkLlama.Soak;

/// <summary>Counts the results of all clients. Thread-safe.</summary>
internal sealed class Tally
{
    private const int MaxFailuresShown = 20;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, int> _errors = new(StringComparer.Ordinal);
    private readonly List<string> _failures = [];
    private int _requests, _complete, _cut, _left, _kills, _loads, _failureCount;
    private TimeSpan _longestSilence;

    /// <summary>The number of errors that say that the server does not restart the model any more.</summary>
    internal int GivenUp
    {
        get
        {
            lock (_lock)
                return _errors.Where(error => error.Key.EndsWith(Verdict.GivenUp, StringComparison.Ordinal)).Sum(error => error.Value);
        }
    }

    internal int Requests
    {
        get
        {
            lock (_lock)
                return _requests;
        }
    }

    internal int Complete
    {
        get
        {
            lock (_lock)
                return _complete;
        }
    }

    internal int Loads
    {
        get
        {
            lock (_lock)
                return _loads;
        }
    }

    internal bool HasFailed
    {
        get
        {
            lock (_lock)
                return _failureCount > 0;
        }
    }

    internal void Add(Received received, Verdict verdict)
    {
        lock (_lock)
        {
            _requests++;
            if (received.LongestSilence > _longestSilence)
                _longestSilence = received.LongestSilence;
            switch (verdict.Outcome)
            {
                case Outcome.Complete:
                    _complete++;
                    break;
                case Outcome.Left:
                    _left++;
                    break;
                case Outcome.Refused:
                    CountError(verdict.Kind);
                    break;
                case Outcome.Cut:
                    _cut++;
                    CountError(verdict.Kind);
                    break;
                default:
                    Fail(verdict.Kind);
                    break;
            }
        }
    }

    private void CountError(string kind) => _errors[kind] = _errors.GetValueOrDefault(kind) + 1;

    internal void Killed()
    {
        lock (_lock)
            _kills++;
    }

    internal void Loaded()
    {
        lock (_lock)
            _loads++;
    }

    internal void Fail(string what)
    {
        lock (_lock)
        {
            if (++_failureCount <= MaxFailuresShown)
                _failures.Add(what);
        }
    }

    internal string Figures(int workers, ProcessFigures? before, ProcessFigures? after)
    {
        lock (_lock)
        {
            string errors = _errors.Count == 0 ? "none" : string.Join(' ', _errors.Select(error => $"{error.Key}×{error.Value}"));
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{_requests} requests, {_complete} complete, errors: {errors}, {_cut} cut, {_left} disconnected, {_kills} worker kills, {workers} workers, {_loads} loads by hand, "
                    + $"descriptors {before?.Descriptors} → {after?.Descriptors}, threads {before?.Threads} → {after?.Threads}, "
                    + $"RSS {before?.ResidentMiB:F0} → {after?.ResidentMiB:F0} MiB, longest silence {_longestSilence.TotalSeconds:F1} s");
        }
    }

    internal string Failures()
    {
        lock (_lock)
        {
            return string.Join('\n', _failures.Select(failure => $"FAILED: {failure}"))
                + (_failureCount > MaxFailuresShown ? $"\nand {_failureCount - MaxFailuresShown} more" : "");
        }
    }
}
