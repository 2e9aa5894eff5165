namespace RkLlama.Cli.Terminal.Progress;

/// <summary>Shows the progress of a long command. Disposing it leaves the last state on the screen.</summary>
internal interface IProgressDisplay : IDisposable
{
    /// <summary>Shows a step that has no measurable progress.</summary>
    void ShowStatus(string status);

    /// <summary>Shows the progress of one transfer.</summary>
    /// <param name="id">Identifies the transfer.</param>
    /// <param name="label">The text before the bar.</param>
    /// <param name="completed">Bytes so far. May be less than before, if a part of the transfer starts again.</param>
    /// <param name="total">All bytes.</param>
    void ShowTransfer(string id, string label, long completed, long total);
}
