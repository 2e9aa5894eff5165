using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using RkLlama.Prompts.Files;

namespace RkLlama.Prompts;

/// <summary>
/// Finds the tokenizer and chat template files of a model: in the model's directory, then in the local cache of the Hugging Face libraries.
/// Never downloads a file.
/// </summary>
internal sealed partial class PromptFileLocator
{
    private readonly List<string> _directories = [];
    private readonly CancellationToken _cancellationToken;

    /// <param name="cancellationToken">Ends the reading of files with an <see cref="OperationCanceledException"/>.</param>
    public PromptFileLocator(string? modelDirectory, string? huggingFacePath, string? cache = null, CancellationToken cancellationToken = default)
    {
        _cancellationToken = cancellationToken;
        if (modelDirectory is not null)
            _directories.Add(modelDirectory);
        if (huggingFacePath is not null && FindSnapshot(huggingFacePath, cache ?? DefaultCacheDirectory()) is { } snapshot)
            _directories.Add(snapshot);
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex RepositoryName { get; }

    /// <summary>
    /// Returns the path of the tokenizer file: <c>tokenizer.json</c>, or a <c>*.tiktoken</c> file of Qwen 1. Null if there is none.
    /// </summary>
    public string? FindTokenizerFile()
    {
        foreach (string directory in _directories)
        {
            string json = Path.Combine(directory, "tokenizer.json");
            if (File.Exists(json))
                return json;
            if (Directory.Exists(directory) && Directory.EnumerateFiles(directory, "*.tiktoken").Order(StringComparer.Ordinal).FirstOrDefault() is { } ranks)
                return ranks;
        }
        return null;
    }

    /// <summary>
    /// Finds the chat template; null if there is none. <c>File</c> is the path of <c>chat_template.jinja</c>, or of a <c>tokenizer_config.json</c> that
    /// contains chat templates. <c>Source</c> is the Jinja source. <c>ToolSource</c> is the Jinja source for requests with tools; null if there is no separate
    /// one.
    /// </summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="JsonException"><c>tokenizer_config.json</c> is not valid JSON.</exception>
    public (string File, string Source, string? ToolSource)? FindTemplate()
    {
        foreach (string directory in _directories)
        {
            string file = Path.Combine(directory, "chat_template.jinja");
            if (File.Exists(file))
                return (file, Encoding.UTF8.GetString(Read(file, FileLimits.Template)), null);
            string config = Path.Combine(directory, "tokenizer_config.json");
            if (File.Exists(config) && ReadTemplates(config) is var (source, toolSource))
                return (config, source, toolSource);
        }
        return null;
    }

    /// <summary>Returns the special tokens in the first <c>tokenizer_config.json</c> that exists; null if there is no such file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="JsonException">The file is not valid JSON.</exception>
    public SpecialTokens? FindSpecialTokens()
    {
        foreach (string directory in _directories)
        {
            string config = Path.Combine(directory, "tokenizer_config.json");
            if (!File.Exists(config))
                continue;
            using JsonDocument json = JsonDocument.Parse(Read(config, FileLimits.TokenizerConfig), JsonLimits.DocumentOptions);
            return json.RootElement.ValueKind == JsonValueKind.Object ? SpecialTokens.FromConfig(json.RootElement) : null;
        }
        return null;
    }

    private (string Source, string? ToolSource)? ReadTemplates(string config)
    {
        using JsonDocument json = JsonDocument.Parse(Read(config, FileLimits.TokenizerConfig), JsonLimits.DocumentOptions);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("chat_template", out JsonElement template))
            return null;
        if (template.ValueKind == JsonValueKind.String)
            return (template.GetString()!, null);
        if (template.ValueKind != JsonValueKind.Array)
            return null;
        Dictionary<string, string> named = [];
        foreach (JsonElement item in template.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String
                && item.TryGetProperty("template", out JsonElement text) && text.ValueKind == JsonValueKind.String)
            {
                named[name.GetString()!] = text.GetString()!;
            }
        }
        return named.TryGetValue("default", out string? defaultValue) ? (defaultValue, named.GetValueOrDefault("tool_use")) : null;
    }

    private byte[] Read(string file, int maxBytes)
    {
        byte[] bytes = RegularFile.ReadAllBytes(file, maxBytes, _cancellationToken);
        return bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes[3..] : bytes;
    }

    /// <summary>
    /// Returns the directory of a local copy of a Hugging Face repository; null if there is none. The cache has the layout of huggingface_hub. If there are
    /// several copies, returns that of the branch main, or the newest one.
    /// </summary>
    private static string? FindSnapshot(string repository, string cache)
    {
        if (!RepositoryName.IsMatch(repository))
            return null;
        string root = Path.Combine(cache, "models--" + repository.Replace("/", "--", StringComparison.Ordinal));
        string snapshots = Path.Combine(root, "snapshots");
        string main = Path.Combine(root, "refs", "main");
        try
        {
            if (File.Exists(main) && RegularFile.ReadAllText(main, FileLimits.Revision).Trim() is { Length: > 0 } revision && RepositoryName.IsMatch(revision)
                && Directory.Exists(Path.Combine(snapshots, revision)))
            {
                return Path.Combine(snapshots, revision);
            }
            return Directory.Exists(snapshots)
                ? Directory.EnumerateDirectories(snapshots).OrderByDescending(Directory.GetLastWriteTimeUtc).FirstOrDefault()
                : null;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string DefaultCacheDirectory()
    {
        if (Environment.GetEnvironmentVariable("HF_HUB_CACHE") is { Length: > 0 } hub)
            return hub;
        string home = Environment.GetEnvironmentVariable("HF_HOME") is { Length: > 0 } named
            ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "huggingface");
        return Path.Combine(home, "hub");
    }
}
