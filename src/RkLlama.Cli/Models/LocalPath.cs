namespace RkLlama.Cli.Models;

/// <summary>Recognises paths of this machine among the names of models.</summary>
internal static class LocalPath
{
    private const string ModelExtension = ".rkllm";

    /// <summary>Returns the full path that a text names.</summary>
    /// <param name="text">
    /// A name of a model, or a path: it starts with <c>/</c>, <c>./</c>, <c>../</c> or <c>~/</c>, or is <c>.</c> or <c>..</c>, or is the name of an .rkllm file.
    /// </param>
    /// <param name="directory">The directory at which a relative path starts.</param>
    /// <returns><see langword="null"/> if the text is no path.</returns>
    /// <exception cref="CommandException">There is no file or directory with this path.</exception>
    internal static string? Find(string text, string directory)
    {
        bool isPath = text is "." or ".." || text.StartsWith('/') || text.StartsWith("./", StringComparison.Ordinal) || text.StartsWith("../", StringComparison.Ordinal)
            || text.StartsWith("~/", StringComparison.Ordinal) || (!text.Contains('/', StringComparison.Ordinal) && text.EndsWith(ModelExtension, StringComparison.OrdinalIgnoreCase));
        if (!isPath)
            return null;
        string path = text.StartsWith("~/", StringComparison.Ordinal)
            ? Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), text[2..])
            : Path.GetFullPath(text, directory);
        return Path.Exists(path) ? path : throw new CommandException($"'{path}' does not exist");
    }
}
