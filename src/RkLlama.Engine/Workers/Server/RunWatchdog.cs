using RkLlama.Engine.Configuration;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// Watches one run. Over budget → abort; no end within its grace → the worker has to go. Tokens only move the deadline; a timer looks at it.
/// Callbacks come from the timer's thread.
/// </summary>
internal sealed class RunWatchdog : IDisposable
{
    private readonly RunTimeouts _budgets;
    private readonly TimeProvider _time;
    private readonly Action _abort;
    private readonly Action<string> _kill;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;

    // Guarded by _lock. The deadline is measured from the beginning of the watch.
    private readonly long _start;
    private TimeSpan _deadline;
    private bool _hasTokens;
    private bool _isAborted;
    private bool _isOver;
    private string? _verdict;

    /// <param name="promptTokens">Tokens of the prompt, rather too many than too few.</param>
    /// <param name="abort">Asks for the end of the run.</param>
    /// <param name="kill">Ends the worker, for this reason.</param>
    internal RunWatchdog(RunTimeouts budgets, int promptTokens, TimeProvider time, Action abort, Action<string> kill)
    {
        (_budgets, _time, _abort, _kill) = (budgets, time, abort, kill);
        _start = time.GetTimestamp();
        _deadline = budgets.Prefill + (budgets.PrefillPerToken * promptTokens);
        _timer = time.CreateTimer(static state => ((RunWatchdog)state!).Look(), this, _deadline, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What the run is guilty of, or <see langword="null"/>.</summary>
    internal string? Verdict
    {
        get
        {
            lock (_lock)
                return _verdict;
        }
    }

    /// <summary>A token arrived.</summary>
    internal void OnToken()
    {
        lock (_lock)
        {
            bool isFirst = !_hasTokens;
            _hasTokens = true;
            if (_isOver)
                return;
            if (_isAborted)
            {
                // The prefill is over, and decoding hears an abort: from here on the grace is what it has.
                if (isFirst)
                    Shorten(Elapsed + _budgets.AbortGrace);
                return;
            }

            // The timer waits for the prefill's deadline, which may be later than this one; all others only move away from it.
            _deadline = Elapsed + _budgets.Token;
            if (isFirst)
                Rearm();
        }
    }

    /// <summary>Somebody has asked for the end of the run.</summary>
    internal void OnAbort()
    {
        lock (_lock)
        {
            if (_isAborted || _isOver)
                return;

            // Some versions hear an abort only after the prefill, which is no fault of the run.
            TimeSpan grace = Elapsed + _budgets.AbortGrace;
            _deadline = _hasTokens || _deadline < grace ? grace : _deadline;
            _isAborted = true;
            Rearm();
        }
    }

    /// <summary>The run has ended; nothing is called any more, but for a call that is on its way.</summary>
    public void Dispose()
    {
        lock (_lock)
            _isOver = true;
        _timer.Dispose();
    }

    private TimeSpan Elapsed => _time.GetElapsedTime(_start);

    private void Shorten(TimeSpan deadline)
    {
        if (deadline >= _deadline)
            return;
        _deadline = deadline;
        Rearm();
    }

    private void Rearm() => _timer.Change(TimeSpan.FromTicks(Math.Max((_deadline - Elapsed).Ticks, TimeSpan.TicksPerMillisecond)), Timeout.InfiniteTimeSpan);

    private void Look()
    {
        bool kills;
        string reason;
        lock (_lock)
        {
            if (_isOver)
                return;
            if (Elapsed < _deadline)
            {
                Rearm();
                return;
            }

            kills = _isAborted;
            if (kills)
            {
                _verdict = reason = _verdict is null
                    ? $"the runtime did not end the run within {Seconds(_budgets.AbortGrace)} s of the abort"
                    : $"{_verdict} and ignored the abort";
                _isOver = true;
            }
            else
            {
                _verdict = reason = _hasTokens
                    ? $"the runtime gave no token for {Seconds(_budgets.Token)} s"
                    : $"the runtime gave no first token for {Seconds(_deadline)} s";
                _isAborted = true;
                _deadline = Elapsed + _budgets.AbortGrace;
                Rearm();
            }
        }

        if (kills)
            _kill(reason);
        else
            _abort();
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture);
}
