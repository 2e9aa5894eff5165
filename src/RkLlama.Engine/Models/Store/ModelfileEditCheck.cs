using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Models.Store;

/// <summary>
/// Checks the text of a Modelfile that a client sends, before it replaces the Modelfile of a model. A client may name only files in the models directory, and
/// must not learn whether other files exist. A path that the Modelfile already has stays allowed, because the operator may have written it.
/// </summary>
internal static class ModelfileEditCheck
{
    /// <param name="name">The name of the model, which has a directory.</param>
    /// <exception cref="ModelException">
    /// The text is not a valid Modelfile; FROM is missing, names no file that can be a model, or names a file outside of the models directory; or TOKENIZER names
    /// a file outside of it.
    /// </exception>
    internal static void Check(ModelCatalog catalog, string name, string text)
    {
        Modelfile modelfile;
        try
        {
            modelfile = ModelfileReader.Parse(text);
        }
        catch (ModelfileException ex)
        {
            throw ModelException.ModelfileInvalid(ex);
        }

        if (modelfile.From is not { } from)
            throw ModelException.FromMissing();
        Modelfile? before = ReadOrNull(catalog, name);
        string directory = Path.Join(catalog.Root, name), path = ModelCatalog.Locate(directory, from);
        if (from != before?.From)
        {
            if (!IsInside(catalog.Root, path))
                throw ModelException.PathOutside("FROM", from);
            if (!path.EndsWith(ModelCatalog.ModelExtension, StringComparison.Ordinal))
                throw ModelException.FromNotModel($"FROM is '{Excerpt.Of(from)}'; it must name an .rkllm file.");
        }

        if (modelfile.Tokenizer is { } tokenizer && tokenizer != before?.Tokenizer && !IsInside(catalog.Root, ModelCatalog.Locate(directory, tokenizer)))
            throw ModelException.PathOutside("TOKENIZER", tokenizer);
        if (ModelFileCheck.FindProblem(path) is { } problem)
            throw ModelException.FromNotModel(problem);
    }

    /// <summary>Returns the values of the model's Modelfile; <see langword="null"/> if they cannot be read.</summary>
    private static Modelfile? ReadOrNull(ModelCatalog catalog, string name)
    {
        try
        {
            return catalog.Find(name).Modelfile;
        }
        catch (ModelException)
        {
            return null;
        }
    }

    /// <summary>Whether the path is that of an entry of a model's directory or of the models directory. Hidden entries belong to copies and deletions.</summary>
    private static bool IsInside(string root, string path) => IsBelow(root, path) || IsBelow(RealPath.Resolve(root), path);

    private static bool IsBelow(string root, string path) =>
        Path.GetRelativePath(root, path).Split('/')[0] is var first && first is not (".." or ".") && !Path.IsPathRooted(first) && ModelName.IsModelName(first);
}
