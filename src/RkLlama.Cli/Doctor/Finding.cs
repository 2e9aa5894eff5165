using RkLlama.Engine.Diagnostics;

namespace RkLlama.Cli.Doctor;

/// <summary>The verdict of a finding.</summary>
internal enum Verdict
{
    Ok,

    /// <summary>The node works, but not as well as it could.</summary>
    Warning,

    /// <summary>Something does not work.</summary>
    Failure,
}

/// <summary>One result of a check: one line of the output of <c>rkllama doctor</c>.</summary>
/// <param name="Id">Name of the check, one of <see cref="CheckIds"/>. Scripts and docs/troubleshooting.md use it, so it must not change.</param>
/// <param name="Text">The result, as a clause without a full stop.</param>
/// <param name="Remedy">What the operator should do; <see langword="null"/> for <see cref="Verdict.Ok"/>.</param>
internal sealed record Finding(string Id, Verdict Verdict, string Text, string? Remedy = null)
{
    internal static Finding Ok(string id, string text) => new(id, Verdict.Ok, text);

    internal static Finding Warning(string id, string text, string remedy) => new(id, Verdict.Warning, text, remedy);

    internal static Finding Failure(string id, string text, string remedy) => new(id, Verdict.Failure, text, remedy);
}
