namespace RkLlama.Cli.Terminal.Progress;

/// <summary>Progress for a file or a pipe: a line for each status, and for each transfer one every 10 % or 10 s.</summary>
internal sealed class LineDisplay(TextWriter output, TimeProvider time) : IProgressDisplay
{
    private const int Step = 10;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, Transfer> _transfers = new(StringComparer.Ordinal);
    private string? _status;

    public void ShowStatus(string status)
    {
        if (status != _status)
            output.WriteLine(_status = status);
    }

    public void ShowTransfer(string id, string label, long completed, long total)
    {
        if (!_transfers.TryGetValue(id, out Transfer? transfer))
            transfer = _transfers[id] = new(new(time, label));
        bool wasDone = transfer.Bar.IsDone;
        transfer.Bar.Update(completed, total);
        bool isDue = transfer.LastAt is not { } at || Math.Abs(transfer.Bar.Percent - transfer.LastPercent) >= Step || time.GetElapsedTime(at) >= Interval;
        if (transfer.Bar.IsDone ? wasDone : !isDue)
            return;
        (transfer.LastAt, transfer.LastPercent, _status) = (time.GetTimestamp(), transfer.Bar.Percent, null);
        output.WriteLine(transfer.Bar.FormatPlain());
    }

    public void Dispose() => output.Flush();

    private sealed class Transfer(TransferBar bar)
    {
        internal TransferBar Bar { get; } = bar;

        internal long? LastAt { get; set; }

        internal int LastPercent { get; set; }
    }
}
