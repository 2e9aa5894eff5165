using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RkLlama.Prompts;

/// <summary>
/// Finds the tokenizer and chat template files of a model: in the model's directory, then in the local cache of the Hugging Face libraries.
/// Never downloads.
/// </summary>
internal sealed partial class PromptFileLocator
{
    // Larger files are not templates or configurations.
    private const int MaxTemplateBytes = 1024 * 1024;
    private const int MaxConfigBytes = 16 * 1024 * 1024;

    private readonly List<string> _directories = [];

    public PromptFileLocator(string? modelDirectory, string? huggingFacePath, string? cache = null)
    {
        if (modelDirectory is not null)
            _directories.Add(modelDirectory);
        if (huggingFacePath is not null && FindSnapshot(huggingFacePath, cache ?? DefaultCacheDirectory()) is { } snapshot)
            _directories.Add(snapshot);
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex RepositoryName { get; }

    /// <summary>
    /// Returns the path of <c>tokenizer.json</c>, or of the rank file of Qwen 1 (<c>*.tiktoken</c>); null if there is none.
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
    /// Returns the path and the source of <c>chat_template.jinja</c>, or of the templates in <c>tokenizer_config.json</c>; null if there is
    /// none.
    /// </summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="JsonException">The configuration is not valid.</exception>
    public (string File, string Source, string? ToolSource)? FindTemplate()
    {
        foreach (string directory in _directories)
        {
            string file = Path.Combine(directory, "chat_template.jinja");
            if (File.Exists(file))
                return (file, Encoding.UTF8.GetString(Read(file, MaxTemplateBytes)), null);
            string config = Path.Combine(directory, "tokenizer_config.json");
            if (File.Exists(config) && ReadTemplates(config) is var (source, toolSource))
                return (config, source, toolSource);
        }
        return null;
    }

    /// <summary>Returns the control tokens of the first <c>tokenizer_config.json</c>; null if there is none.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="JsonException">The file is not valid.</exception>
    public SpecialTokens? FindSpecialTokens()
    {
        foreach (string directory in _directories)
        {
            string config = Path.Combine(directory, "tokenizer_config.json");
            if (!File.Exists(config))
                continue;
            using JsonDocument json = JsonDocument.Parse(Read(config, MaxConfigBytes), JsonLimits.DocumentOptions);
            return json.RootElement.ValueKind == JsonValueKind.Object ? SpecialTokens.FromConfig(json.RootElement) : null;
        }
        return null;
    }

    private static (string Source, string? ToolSource)? ReadTemplates(string config)
    {
        using JsonDocument json = JsonDocument.Parse(Read(config, MaxConfigBytes), JsonLimits.DocumentOptions);
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

    private static byte[] Read(string file, int maxBytes)
    {
        using FileStream stream = File.OpenRead(file);
        if (stream.Length > maxBytes)
            throw new IOException($"{file} is longer than {maxBytes} bytes");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes[3..] : bytes;
    }

    /// <summary>
    /// Returns the directory of the newest local copy of a repository, in the layout of huggingface_hub; null if there is none.
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
            if (File.Exists(main) && File.ReadAllText(main).Trim() is { Length: > 0 } revision && RepositoryName.IsMatch(revision)
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
