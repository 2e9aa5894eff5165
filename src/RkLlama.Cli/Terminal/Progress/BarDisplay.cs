using System.Text;

namespace RkLlama.Cli.Terminal.Progress;

/// <summary>Progress on a terminal: one line for each transfer and each status, drawn over at most ten times a second.</summary>
internal sealed class BarDisplay : IProgressDisplay
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly TextWriter _output;
    private readonly Func<(int Width, int Height)> _size;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly List<TransferBar> _bars = [];
    private readonly Dictionary<string, TransferBar> _transfers = new(StringComparer.Ordinal);
    private TransferBar? _status;
    private string? _statusText;
    private int _drawnLines;
    private bool _isClosed;

    /// <param name="size">Returns the size of the terminal.</param>
    internal BarDisplay(TextWriter output, Func<(int Width, int Height)> size, TimeProvider time)
    {
        (_output, _size, _time) = (output, size, time);
        _timer = time.CreateTimer(_ => Draw(), null, Interval, Interval);
    }

    public void ShowStatus(string status)
    {
        lock (_lock)
        {
            if (_statusText == status)
                return;
            CloseStatus();
            _statusText = status;

            // A line that the terminal breaks itself would be two lines, and the cursor would go back to the wrong one.
            foreach (string line in Words.Wrap(status, _size().Width - 1))
            {
                CloseStatusLine();
                _bars.Add(_status = new(_time, line));
            }
        }
    }

    public void ShowTransfer(string id, string label, long completed, long total)
    {
        lock (_lock)
        {
            if (!_transfers.TryGetValue(id, out TransferBar? bar))
            {
                CloseStatus();
                _bars.Add(bar = _transfers[id] = new(_time, label));
            }

            bar.Update(completed, total);
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        Draw();
        _isClosed = true;
    }

    private void CloseStatus()
    {
        CloseStatusLine();
        (_status, _statusText) = (null, null);
    }

    private void CloseStatusLine()
    {
        if (_status is not null)
            _status.IsDone = true;
    }

    private void Draw()
    {
        lock (_lock)
        {
            if (_isClosed || _bars.Count == 0)
                return;
            (int width, int height) = _size();
            bool isUnicode = _output.Encoding.GetByteCount("█") > 1;
            StringBuilder text = new();
            if (_drawnLines > 0)
                text.Append('\e').Append('[').Append(_drawnLines).Append('A');

            // Lines that cannot change any more scroll away. The others must fit on the screen, because the cursor cannot go above its top.
            int keep = Math.Max(_bars.FindIndex(static bar => !bar.IsDone), 0), first = Math.Max(keep, _bars.Count - Math.Max(height - 1, 1));
            foreach (TransferBar bar in _bars)
                text.Append('\r').Append(bar.Format(width - 1, isUnicode)).Append("\e[K\n");
            _bars.RemoveRange(0, first);
            _drawnLines = _bars.Count;
            _output.Write(text.ToString());
            _output.Flush();
        }
    }
}
