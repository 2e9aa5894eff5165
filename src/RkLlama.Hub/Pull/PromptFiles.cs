using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Pull;

/// <summary>The files beside a .rkllm file that the server reads: tokenizer, chat templates and their settings.</summary>
internal static class PromptFiles
{
    private const string ExtraTemplates = "additional_chat_templates";
    private const long MaxBytes = 64 << 20;

    private static readonly string[] Names =
        ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "chat_template.json", "generation_config.json", "special_tokens_map.json", "config.json"];

    /// <summary>Whether a tokenizer is among the files.</summary>
    internal static bool HasTokenizer(IEnumerable<HubFile> files) => files.Any(static file => file.Name == "tokenizer.json" || IsTiktoken(file.Name));

    /// <summary>Returns the files of a directory of a repository, and the chat templates of its subdirectory.</summary>
    /// <param name="directory">The directory without a slash at the end; empty for the root.</param>
    /// <returns>The files with the paths that they get beside the .rkllm file.</returns>
    internal static IReadOnlyList<(HubFile File, string LocalPath)> In(HubRepository repository, string directory)
    {
        string prefix = directory.Length == 0 ? "" : directory + "/";
        List<(HubFile, string)> found = [];
        foreach (HubFile file in repository.Files.Where(file => file.Size <= MaxBytes && file.Path.StartsWith(prefix, StringComparison.Ordinal)))
        {
            string path = file.Path[prefix.Length..];
            if (Names.Contains(path) || (IsTiktoken(path) && !path.Contains('/', StringComparison.Ordinal)) || IsExtraTemplate(path))
                found.Add((file, path));
        }

        return found;
    }

    private static bool IsTiktoken(string name) => name.EndsWith(".tiktoken", StringComparison.Ordinal);

    private static bool IsExtraTemplate(string path) =>
        path.Split('/') is [ExtraTemplates, { Length: > 6 } name] && name.EndsWith(".jinja", StringComparison.Ordinal);
}
