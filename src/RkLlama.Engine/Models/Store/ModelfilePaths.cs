namespace RkLlama.Engine.Models.Store;

/// <summary>
/// Makes the paths in a Modelfile independent of the name of the model's directory. Without this, a path like <c>../name/model.rkllm</c> would name a missing
/// file after a rename, and a copy would need the files of the original.
/// </summary>
internal static class ModelfilePaths
{
    /// <summary>Returns the text of a Modelfile with relative paths to files in the model's directory. FROM names another file of the directory.</summary>
    /// <param name="text">The text of the model's Modelfile.</param>
    /// <param name="model">The new value of FROM, relative to the model's directory; null if FROM does not change.</param>
    /// <returns>The same text if nothing has to change; null if FROM cannot be changed.</returns>
    internal static string? Adapt(ModelEntry entry, string text, string? model)
    {
        if (model is not null && !IsOwn(entry.Modelfile.From!, model))
        {
            if (ModelfileRewriter.SetFrom(text, model) is not { } changed)
                return null;
            text = changed;
        }

        return TokenizerOf(entry) is { } tokenizer && !IsOwn(entry.Modelfile.Tokenizer!, tokenizer) && ModelfileRewriter.SetTokenizer(text, tokenizer) is { } adapted ? adapted : text;
    }

    /// <summary>Returns the path of the model's file, relative to the model's directory; null if the file is not in this directory.</summary>
    internal static string? ModelFileOf(ModelEntry entry) => entry.Directory is { } directory ? RelativeTo(directory, entry.ModelPath) : null;

    /// <summary>
    /// Returns the relative paths of the subdirectories with chat templates or a tokenizer that the model uses: <c>additional_chat_templates</c>, and that of
    /// what TOKENIZER names.
    /// </summary>
    internal static IEnumerable<string> PromptDirectoriesOf(ModelEntry entry)
    {
        if (entry.Directory is not { } model)
            return [];
        string? tokenizer = TokenizerOf(entry);
        if (tokenizer is not null && !Directory.Exists(Path.Join(model, tokenizer)))
            tokenizer = Path.GetDirectoryName(tokenizer);
        return new[] { "additional_chat_templates", tokenizer }.OfType<string>()
            .Where(name => name.Length > 0 && name != "." && Directory.Exists(Path.Join(model, name)))
            .Distinct(StringComparer.Ordinal);
    }

    /// <summary>Returns the path of what TOKENIZER names, relative to the model's directory; null if it is not in this directory or does not exist.</summary>
    internal static string? TokenizerOf(ModelEntry entry) =>
        entry.Directory is { } directory && entry.Modelfile.Tokenizer is { } tokenizer && Path.GetFullPath(Path.Combine(directory, tokenizer)) is var path && Path.Exists(path)
            ? RelativeTo(directory, path)
            : null;

    private static string? RelativeTo(string directory, string path) =>
        Path.GetRelativePath(directory, path) is var relative && relative != ".." && !relative.StartsWith("../", StringComparison.Ordinal) && !Path.IsPathRooted(relative)
            ? relative
            : null;

    /// <summary>Whether a path in a Modelfile names this file, starts at the model's directory and does not leave it.</summary>
    private static bool IsOwn(string path, string relative) =>
        !Path.IsPathRooted(path) && !path.Split('/').Contains("..") && Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.Join("/", path))) == Path.Join("/", relative);
}
