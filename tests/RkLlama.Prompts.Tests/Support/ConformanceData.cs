namespace RkLlama.Prompts.Tests.Support;

/// <summary>
/// The results of the reference implementations. Their directory is RKLLAMA_CONFORMANCE_DATA, or <c>../shared/conformance</c> beside the
/// repository. They are not part of the repository; without them, the tests that need them are skipped.
/// </summary>
internal static class ConformanceData
{
    public const string Variable = "RKLLAMA_CONFORMANCE_DATA";

    /// <summary>The directory of the data. It may not exist.</summary>
    public static string Root { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : DefaultRoot();

    public static string Corpus => Path.Combine(Root, "tokenizers", "corpus.json");

    /// <summary>The names of the tokenizers with expected ids.</summary>
    public static IReadOnlyList<string> TokenizerNames { get; } = FindTokenizers();

    public static string ChatTemplates => Path.Combine(Root, "chat-templates");

    /// <summary>The names of the chat templates with expected renderings.</summary>
    public static IReadOnlyList<string> TemplateNames { get; } = FindTemplates();

    public static string ExpectedIds(string tokenizer) => Path.Combine(Root, "tokenizers", tokenizer, "expected-ids.json");

    /// <summary>
    /// The tokenizer's file. A directory with additional expected ids may have none; the default directory's file is then used.
    /// </summary>
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

    private static string[] FindTemplates() => !File.Exists(Path.Combine(ChatTemplates, "expected.json"))
        ? []
        : [.. Directory.EnumerateFiles(Path.Combine(ChatTemplates, "templates"), "*.jinja")
            .Select(file => Path.GetFileNameWithoutExtension(file))
            .Order(StringComparer.Ordinal)];

    private static string DefaultRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RkLlama.sln")))
            folder = folder.Parent;
        return Path.GetFullPath(Path.Combine(folder?.FullName ?? AppContext.BaseDirectory, "..", "shared", "conformance"));
    }
}

/// <summary>A theory over the tokenizers of the conformance data. Skipped if the data is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TokenizerConformanceAttribute : TheoryAttribute
{
    public TokenizerConformanceAttribute() => Skip = ConformanceData.TokenizerNames.Count > 0
        ? null
        : $"No conformance data: no tokenizers in {ConformanceData.Root} (set {ConformanceData.Variable} to the directory that holds them).";
}

/// <summary>A theory over the chat templates of the conformance data. Skipped if the data is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TemplateConformanceAttribute : TheoryAttribute
{
    public TemplateConformanceAttribute() => Skip = ConformanceData.TemplateNames.Count > 0
        ? null
        : $"No conformance data: no chat templates in {ConformanceData.Root} (set {ConformanceData.Variable} to the directory that holds them).";
}
