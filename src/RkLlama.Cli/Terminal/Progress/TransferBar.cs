using System.Globalization;

namespace RkLlama.Cli.Terminal.Progress;

/// <summary>One line of progress: a status, or a transfer with its bar, rate and time left.</summary>
internal sealed class TransferBar(TimeProvider time, string label)
{
    private const int MinBarWidth = 8;

    private readonly TransferRate _rate = new(time);
    private long _completed;
    private long _total;

    /// <summary>Whether nothing changes any more.</summary>
    internal bool IsDone { get; set; }

    internal void Update(long completed, long total)
    {
        (_completed, _total) = (Math.Min(completed, total), total);
        _rate.Add(_completed);
        IsDone = _completed >= total;
    }

    /// <param name="width">The columns of the line.</param>
    /// <param name="isUnicode">Whether the terminal can show block characters.</param>
    internal string Format(int width, bool isUnicode)
    {
        if (_total <= 0)
            return Cut(label, width);
        int percent = (int)(_completed * 100.0 / _total);
        string left = string.Create(CultureInfo.InvariantCulture, $"{label}: {percent,3}% "), right = IsDone ? $" {Words.Size(_total)}" : $" {Words.Size(_completed)}/{Words.Size(_total)}{Speed()}";
        int room = width - left.Length - right.Length - 2;
        if (room < MinBarWidth)
            return Cut(left + right.TrimStart(), width);
        int filled = (int)(room * (_completed / (double)_total));
        (char open, char full, char close) = isUnicode ? ('▕', '█', '▏') : ('[', '#', ']');
        return $"{left}{open}{new string(full, filled)}{new string(' ', room - filled)}{close}{right}";
    }

    /// <summary>Formats the progress without a bar.</summary>
    internal string FormatPlain()
    {
        int percent = (int)(_completed * 100.0 / _total);
        return string.Create(CultureInfo.InvariantCulture, $"{label}: {percent}% of {Words.Size(_total)}{(IsDone ? "" : Speed())}");
    }

    internal int Percent => _total > 0 ? (int)(_completed * 100.0 / _total) : 0;

    private string Speed()
    {
        double rate = _rate.BytesPerSecond;
        string left = rate > 0 ? Words.Left(TimeSpan.FromSeconds(Math.Min((_total - _completed) / rate, 1e6))) : "";
        return $"  {(rate > 0 ? Words.Size((long)rate) + "/s" : "0 B/s"),9}  {left,7}";
    }

    private static string Cut(string text, int width) => text.Length <= width ? text : text[..width];
}
