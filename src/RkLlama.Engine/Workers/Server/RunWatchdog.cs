using RkLlama.Engine.Configuration;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// Enforces the timeouts of one run. If the run exceeds a timeout, the watchdog aborts it. If the run does not end within <see cref="RunTimeouts.AbortGrace"/>
/// after an abort, the watchdog kills the worker. Calls both callbacks on a thread of the timer. Thread-safe.
/// </summary>
internal sealed class RunWatchdog : IDisposable
{
    private readonly RunTimeouts _timeouts;
    private readonly TimeProvider _time;
    private readonly Action _abort;
    private readonly Action<string> _kill;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;

    // Guarded by _lock, except _start. The deadline is measured from _start. OnToken usually moves only the deadline, which is cheap. The timer checks the
    // deadline when it fires.
    private readonly long _start;
    private TimeSpan _deadline;
    private bool _hasTokens;
    private bool _isAborted;
    private bool _isOver;
    private string? _timeoutReason;

    /// <summary>Starts to watch a run.</summary>
    /// <param name="promptTokens">Number of tokens of the prompt. The prefill timeout grows with it, so an estimate must not be too low.</param>
    /// <param name="abort">Called when the run exceeds a timeout. Must request the abort of the run.</param>
    /// <param name="kill">Called when the run does not end after an abort. Must kill the worker. The argument is the reason, as a clause for messages.</param>
    internal RunWatchdog(RunTimeouts timeouts, int promptTokens, TimeProvider time, Action abort, Action<string> kill)
    {
        (_timeouts, _time, _abort, _kill) = (timeouts, time, abort, kill);
        _start = time.GetTimestamp();
        _deadline = timeouts.Prefill + (timeouts.PrefillPerToken * promptTokens);
        _timer = time.CreateTimer(static state => ((RunWatchdog)state!).CheckDeadline(), this, _deadline, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Describes the timeout that the run exceeded, as a clause for messages; <see langword="null"/> if it exceeded none.</summary>
    internal string? TimeoutReason
    {
        get
        {
            lock (_lock)
                return _timeoutReason;
        }
    }

    /// <summary>Records that a token has arrived. The next token must arrive within <see cref="RunTimeouts.Token"/>.</summary>
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
                // The prefill has ended. The abort may have an effect only now, so AbortGrace counts from now, unless the deadline is earlier.
                if (isFirst)
                    Shorten(Elapsed + _timeouts.AbortGrace);
                return;
            }

            // The first token restarts the timer, because the prefill deadline may be later than the new deadline. Later tokens only move the deadline to a
            // later time. When the timer fires too early, CheckDeadline restarts it.
            _deadline = Elapsed + _timeouts.Token;
            if (isFirst)
                Rearm();
        }
    }

    /// <summary>Records that the abort of the run was requested. The run must end within <see cref="RunTimeouts.AbortGrace"/>.</summary>
    internal void OnAbort()
    {
        lock (_lock)
        {
            if (_isAborted || _isOver)
                return;

            // Some versions of the runtime react to an abort only after the prefill. So during prefill, the later one of both deadlines applies.
            TimeSpan grace = Elapsed + _timeouts.AbortGrace;
            _deadline = _hasTokens || _deadline < grace ? grace : _deadline;
            _isAborted = true;
            Rearm();
        }
    }

    /// <summary>Stops the watchdog, because the run has ended. A callback that has already started may continue after this method returns.</summary>
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

    private void CheckDeadline()
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
                _timeoutReason = reason = _timeoutReason is null
                    ? $"the runtime did not end the run within {Seconds(_timeouts.AbortGrace)} s of the abort"
                    : $"{_timeoutReason} and ignored the abort";
                _isOver = true;
            }
            else
            {
                _timeoutReason = reason = _hasTokens
                    ? $"the runtime gave no token for {Seconds(_timeouts.Token)} s"
                    : $"the runtime gave no first token for {Seconds(_deadline)} s";
                _isAborted = true;
                _deadline = Elapsed + _timeouts.AbortGrace;
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
