using RkLlama.Engine.Configuration;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// Watches one run. If the run exceeds a timeout, the watchdog aborts it. If the run does not end within the grace time after an abort, the watchdog kills
/// the worker. A token only moves the deadline; a timer checks it. Callbacks run on the timer's thread. Thread-safe.
/// </summary>
internal sealed class RunWatchdog : IDisposable
{
    private readonly RunTimeouts _timeouts;
    private readonly TimeProvider _time;
    private readonly Action _abort;
    private readonly Action<string> _kill;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;

    // Guarded by _lock, except _start. The deadline is the time since _start.
    private readonly long _start;
    private TimeSpan _deadline;
    private bool _hasTokens;
    private bool _isAborted;
    private bool _isOver;
    private string? _timeoutReason;

    /// <summary>Starts to watch a run.</summary>
    /// <param name="promptTokens">Number of tokens of the prompt. An estimate should be too high rather than too low.</param>
    /// <param name="abort">Requests the abort of the run.</param>
    /// <param name="kill">Kills the worker. Its parameter is the reason.</param>
    internal RunWatchdog(RunTimeouts timeouts, int promptTokens, TimeProvider time, Action abort, Action<string> kill)
    {
        (_timeouts, _time, _abort, _kill) = (timeouts, time, abort, kill);
        _start = time.GetTimestamp();
        _deadline = timeouts.Prefill + (timeouts.PrefillPerToken * promptTokens);
        _timer = time.CreateTimer(static state => ((RunWatchdog)state!).CheckDeadline(), this, _deadline, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The timeout that the run exceeded, as a clause for messages; <see langword="null"/> if it exceeded none.</summary>
    internal string? TimeoutReason
    {
        get
        {
            lock (_lock)
                return _timeoutReason;
        }
    }

    /// <summary>Moves the deadline, because a token has arrived.</summary>
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
                // The prefill has ended, and the runtime reacts to an abort during decode. So the grace time starts now.
                if (isFirst)
                    Shorten(Elapsed + _timeouts.AbortGrace);
                return;
            }

            // Only the first token restarts the timer, because the prefill's deadline may be later than the new one. Later tokens only delay the deadline;
            // the timer finds that out when it fires.
            _deadline = Elapsed + _timeouts.Token;
            if (isFirst)
                Rearm();
        }
    }

    /// <summary>Starts the grace time, because the abort of the run was requested.</summary>
    internal void OnAbort()
    {
        lock (_lock)
        {
            if (_isAborted || _isOver)
                return;

            // Some versions of the runtime react to an abort only after the prefill. So the prefill keeps its deadline if that is later.
            TimeSpan grace = Elapsed + _timeouts.AbortGrace;
            _deadline = _hasTokens || _deadline < grace ? grace : _deadline;
            _isAborted = true;
            Rearm();
        }
    }

    /// <summary>Ends the watch, because the run has ended. A callback that has already started may still be running.</summary>
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
