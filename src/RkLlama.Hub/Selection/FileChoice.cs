using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Selection;

/// <summary>The result of a choice among the files of a repository.</summary>
/// <param name="File">The file; <see langword="null"/> if none fits, or if several fit equally well.</param>
/// <param name="Reason">Why this file, or why none: a sentence without a period.</param>
/// <param name="Candidates">The files that the user may name: those that fit equally well, or all if none fits.</param>
internal sealed record FileChoice(HubFile? File, string Reason, IReadOnlyList<HubFile> Candidates)
{
    /// <summary>Whether none of the candidates is for the platform of the node.</summary>
    public bool IsForeign { get; init; }

    /// <summary>Sentences about the chosen file that the user should read, for example that its toolkit is too old. Without periods.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
