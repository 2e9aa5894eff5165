using System.Text;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Residency;
using RkLlama.Prompts;
using RkLlama.Prompts.Files;

namespace RkLlama.Server.Pulls;

/// <summary>Checks the Modelfile that a pull gets beside a path, before the files are copied.</summary>
internal static class GivenModelfile
{
    /// <param name="origin">The origin of the pull. Without a Modelfile, there is nothing to check.</param>
    /// <exception cref="ModelException">The Modelfile is not valid, or too long.</exception>
    /// <exception cref="PromptException">Its template cannot be used.</exception>
    internal static Task CheckAsync(PullOrigin? origin, PromptBuilderFactory prompts, CancellationToken cancellationToken)
    {
        if (origin is not { Path: { } path, Modelfile: { } modelfile })
            return Task.CompletedTask;
        int size = Encoding.UTF8.GetByteCount(modelfile);
        if (size > FileLimits.Modelfile)
            throw ModelException.ModelfileTooLarge(size, FileLimits.Modelfile);
        string? directory = Directory.Exists(path) ? path : Path.GetDirectoryName(path);
        return prompts.CheckTemplateAsync(new(Path.GetFileName(path), directory, path, Parse(modelfile)), cancellationToken);
    }

    private static Modelfile Parse(string modelfile)
    {
        try
        {
            return ModelfileReader.Parse(modelfile);
        }
        catch (ModelfileException ex)
        {
            throw ModelException.ModelfileInvalid(ex);
        }
    }
}
