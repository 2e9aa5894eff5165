using RkLlama.Engine.Diagnostics;

namespace RkLlama.Cli.Doctor;

internal enum Verdict
{
    Ok,

    /// <summary>The node works, and not as well as it could.</summary>
    Warning,

    /// <summary>Something does not work.</summary>
    Failure,
}

/// <summary>One line of the doctor.</summary>
/// <param name="Id">Of the check, one of <see cref="CheckIds"/>: stable, for scripts and for docs/troubleshooting.md.</param>
/// <param name="Text">What is the case: a clause without a full stop.</param>
/// <param name="Remedy">What to do about it.</param>
internal sealed record Finding(string Id, Verdict Verdict, string Text, string? Remedy = null)
{
    internal static Finding Ok(string id, string text) => new(id, Verdict.Ok, text);

    internal static Finding Warning(string id, string text, string remedy) => new(id, Verdict.Warning, text, remedy);

    internal static Finding Failure(string id, string text, string remedy) => new(id, Verdict.Failure, text, remedy);
}
