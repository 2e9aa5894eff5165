using System.Text.Json;
using System.Text.RegularExpressions;
using RkLlama.Prompts.Files;

namespace RkLlama.Prompts.Loading;

/// <summary>
/// Finds the tokenizer and chat template files of a model: where the Modelfile's TOKENIZER points to, then in the model's directory, then in the local cache of
/// the Hugging Face libraries. Never downloads a file.
/// </summary>
internal sealed partial class PromptFileLocator
{
    private readonly List<string> _directories = [];
    private readonly List<PromptNote> _problems = [];
    private readonly CancellationToken _cancellationToken;
    private readonly string? _repository;
    private readonly string? _tokenizerFile;

    /// <param name="modelDirectory">The model's directory; null if the model has none.</param>
    /// <param name="huggingFacePath">The Hugging Face repository of the model; null for none.</param>
    /// <param name="cache">The cache of the Hugging Face libraries; null for the one that the environment variables specify.</param>
    /// <param name="tokenizer">
    /// What the operator names as tokenizer: a file or a directory, absolute or relative to the model's directory, or a Hugging Face repository. Null for none.
    /// </param>
    /// <param name="cancellationToken">Ends the reading of files with an <see cref="OperationCanceledException"/>.</param>
    public PromptFileLocator(
        string? modelDirectory, string? huggingFacePath, string? cache = null, string? tokenizer = null, CancellationToken cancellationToken = default)
    {
        _cancellationToken = cancellationToken;
        if (tokenizer is not null && !TryAdd(Path.Combine(modelDirectory ?? "", tokenizer), out _tokenizerFile))
        {
            if (FindSnapshot(tokenizer, cache ?? DefaultCacheDirectory()) is { } named)
                _directories.Add(named);
            else
                _problems.Add(new(PromptComponent.Tokenizer, $"TOKENIZER names '{tokenizer}', which is neither a file nor a directory nor a Hugging Face repository in the local cache, and is ignored.", IsWarning: true));
        }

        if (modelDirectory is not null)
            _directories.Add(modelDirectory);
        if (huggingFacePath is not null && FindSnapshot(huggingFacePath, cache ?? DefaultCacheDirectory()) is { } snapshot)
        {
            _repository = snapshot;
            _directories.Add(snapshot);
        }
    }

    /// <summary>The directories that may contain files of the model, in the order in which they are searched.</summary>
    public IReadOnlyList<string> Directories => _directories;

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex RepositoryName { get; }

    /// <summary>Warnings about what was named or found so far, but cannot be used.</summary>
    public IReadOnlyList<PromptNote> Problems => _problems;

    /// <summary>
    /// Returns the paths of the tokenizer files, best first, one for each directory: <c>tokenizer.json</c>, or a <c>*.tiktoken</c> file of Qwen 1.
    /// </summary>
    public IReadOnlyList<string> FindTokenizerFiles()
    {
        List<string> files = _tokenizerFile is null ? [] : [_tokenizerFile];
        foreach (string directory in _directories)
        {
            string json = Path.Combine(directory, "tokenizer.json");
            if (File.Exists(json))
                files.Add(json);
            else if (Directory.Exists(directory) && Directory.EnumerateFiles(directory, "*.tiktoken").Order(StringComparer.Ordinal).FirstOrDefault() is { } ranks)
                files.Add(ranks);
        }

        return [.. files.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Whether a file is in the Hugging Face repository of the model, and neither in its directory nor in what TOKENIZER names.</summary>
    public bool IsInRepository(string file) => _repository is not null && Path.GetDirectoryName(file) == _repository;

    /// <summary>From now on, finds no files in the Hugging Face repository of the model.</summary>
    public void ExcludeRepository() => _directories.RemoveAll(directory => directory == _repository);

    /// <summary>Finds the chat templates of all directories, best first. A later one is read only if the caller asks for it.</summary>
    public IEnumerable<TemplateFile> FindTemplates() => _directories.SelectMany(directory => TemplateFile.FindAll(directory, _problems, _cancellationToken));

    /// <summary>
    /// Returns the special tokens in the first <c>tokenizer_config.json</c> that exists. A token that it does not mention comes from the first
    /// <c>special_tokens_map.json</c>. Null if there is neither file.
    /// </summary>
    /// <exception cref="IOException"><c>tokenizer_config.json</c> cannot be read.</exception>
    /// <exception cref="JsonException"><c>tokenizer_config.json</c> is not valid JSON.</exception>
    public SpecialTokens? FindSpecialTokens()
    {
        using JsonDocument? config = ReadFirst("tokenizer_config.json", FileLimits.TokenizerConfig);
        using JsonDocument? map = ReadSpecialTokensMap();
        JsonElement[] sources = [.. new[] { config, map }.Where(json => json?.RootElement.ValueKind == JsonValueKind.Object).Select(json => json!.RootElement)];
        return sources.Length > 0 ? SpecialTokens.FromConfig(sources) : null;
    }

    /// <summary>Reads the first <c>special_tokens_map.json</c>. Models work without it, so an error is only reported.</summary>
    private JsonDocument? ReadSpecialTokensMap()
    {
        try
        {
            return ReadFirst("special_tokens_map.json", FileLimits.SpecialTokensMap);
        }
        catch (Exception ex) when (ex is JsonException or IOException or UnauthorizedAccessException)
        {
            _problems.Add(new(PromptComponent.Template, $"special_tokens_map.json cannot be used: {ex.Message}", IsWarning: true));
            return null;
        }
    }

    private JsonDocument? ReadFirst(string name, int maxBytes) => _directories.Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists) is { } file
        ? TemplateFile.ReadJson(file, maxBytes, _cancellationToken)
        : null;

    /// <summary>Adds the directory at a path, or the directory of the file at this path.</summary>
    /// <param name="file">The path if there is a file; otherwise null.</param>
    /// <returns>False if there is neither a file nor a directory.</returns>
    private bool TryAdd(string path, out string? file)
    {
        path = Path.GetFullPath(path);
        bool isFile = File.Exists(path);
        file = isFile ? path : null;
        if (!isFile && !Directory.Exists(path))
            return false;
        _directories.Add(isFile ? Path.GetDirectoryName(path)! : path);
        return true;
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
