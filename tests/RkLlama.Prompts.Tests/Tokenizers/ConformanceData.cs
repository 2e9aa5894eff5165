namespace RkLlama.Prompts.Tests.Tokenizers;

/// <summary>
/// Where the results of the reference implementations lie: the directory RKLLAMA_CONFORMANCE_DATA names, or <c>../shared/conformance</c>
/// beside the project. They are no part of the project, so tests that need them are skipped without them.
/// </summary>
internal static class ConformanceData
{
    public const string Variable = "RKLLAMA_CONFORMANCE_DATA";

    /// <summary>The directory to use; it need not exist.</summary>
    public static string Root { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : DefaultRoot();

    public static string Corpus => Path.Combine(Root, "tokenizers", "corpus.json");

    /// <summary>The names of the tokenizers with expected ids.</summary>
    public static IReadOnlyList<string> TokenizerNames { get; } = FindTokenizers();

    /// <summary>Why tokenizer conformance cannot be tested here, or null.</summary>
    public static string? Missing => TokenizerNames.Count > 0
        ? null
        : $"No conformance data: {Corpus} or tokenizers beside it do not exist (set {Variable} to the directory that holds them).";

    public static string ExpectedIds(string tokenizer) => Path.Combine(Root, "tokenizers", tokenizer, "expected-ids.json");

    /// <summary>The tokenizer's own file; a set of further strings may come without it and use the default directory's.</summary>
    public static string TokenizerFile(string tokenizer)
    {
        string own = Path.Combine(Root, "tokenizers", tokenizer, "tokenizer.json");
        return File.Exists(own) ? own : Path.Combine(DefaultRoot(), "tokenizers", tokenizer, "tokenizer.json");
    }

    private static string[] FindTokenizers() => !File.Exists(Corpus)
        ? []
        : [.. Directory.EnumerateDirectories(Path.Combine(Root, "tokenizers"))
            .Where(folder => File.Exists(Path.Combine(folder, "expected-ids.json")))
            .Select(folder => Path.GetFileName(folder))
            .Order(StringComparer.Ordinal)];

    private static string DefaultRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RkLlama.sln")))
            folder = folder.Parent;
        return Path.GetFullPath(Path.Combine(folder?.FullName ?? AppContext.BaseDirectory, "..", "shared", "conformance"));
    }
}

/// <summary>A theory that is skipped, with the reason, where the conformance data is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ConformanceTheoryAttribute : TheoryAttribute
{
    public ConformanceTheoryAttribute() => Skip = ConformanceData.Missing;
}
