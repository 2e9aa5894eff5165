using System.Text.RegularExpressions;

namespace RkLlama.Soak.Residents;

/// <summary>A model of the soak.</summary>
/// <param name="Name">Its name on the server.</param>
/// <param name="Source">The name of the demo model of which it is a copy.</param>
/// <param name="Megabytes">The memory that it takes on the simulated node.</param>
internal sealed partial record ResidentModel(string Name, string Source, int Megabytes)
{
    internal static ResidentModel Chat { get; } = new("chat", "demo", 1000);

    internal static ResidentModel SecondChat { get; } = new("second", "demo", 1000);

    internal static ResidentModel Embedder { get; } = new("embedder", "demo-embedding", 600);

    internal static ResidentModel Reranker { get; } = new("reranker", "demo-reranker", 600);

    internal static IReadOnlyList<ResidentModel> All { get; } = [Chat, SecondChat, Embedder, Reranker];

    /// <summary>Copies the demo model into a models directory.</summary>
    /// <param name="demos">The directory of the demo models.</param>
    internal void CopyTo(string models, string demos)
    {
        string target = Directory.CreateDirectory(Path.Combine(models, Name)).FullName;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(demos, Source)))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        string path = Path.Combine(target, $"{Source}.rkllm");
        File.WriteAllText(path, FirstBrace.Replace(File.ReadAllText(path), $$"""{ "memory_mb": {{Megabytes}},""", 1));
    }

    [GeneratedRegex(@"\{")]
    private static partial Regex FirstBrace { get; }
}
