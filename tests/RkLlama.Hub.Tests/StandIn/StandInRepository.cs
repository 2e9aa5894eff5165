namespace RkLlama.Hub.Tests.StandIn;

/// <summary>A repository of the stand-in hub. Tests change it between and during requests.</summary>
internal sealed class StandInRepository(string name)
{
    internal string Name => name;

    internal string Commit { get; set; } = "0123456789abcdef0123456789abcdef01234567";

    internal Dictionary<string, (Content Content, bool IsLfs)> Files { get; } = [];

    /// <summary>Branches and tags beside the default branch.</summary>
    internal HashSet<string> Revisions { get; } = ["main", "master"];

    internal List<string> BaseModels { get; } = [];

    internal bool IsGated { get; set; }

    internal bool IsPrivate { get; set; }

    internal StandInRepository Add(string path, Content content, bool isLfs = true)
    {
        Files[path] = (content, isLfs);
        return this;
    }

    internal StandInRepository Add(string path, string text) => Add(path, new Content(text), isLfs: false);
}
