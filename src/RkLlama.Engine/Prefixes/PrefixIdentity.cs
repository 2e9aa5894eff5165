using Microsoft.Win32.SafeHandles;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Prefixes;

/// <summary>
/// What a saved prefix depends on. A file that was saved with another identity is not loaded, because the runtime checks only a part of it, and a file that does not fit
/// can crash the runtime.
/// </summary>
/// <param name="Model">Name of the model.</param>
/// <param name="ModelBytes">Size of the model file.</param>
/// <param name="ModelModified">Time of the last change of the model file, in nanoseconds since the Unix epoch.</param>
/// <param name="ModelEdges">
/// SHA-256 of the first and the last MiB of the model file. The whole file has gigabytes, so its hash would take longer than its load.
/// </param>
/// <param name="Prompts">See <see cref="ModelLoadParameters.PromptIdentity"/>.</param>
/// <param name="Runtime">The version that the runtime reports; empty before the load.</param>
/// <param name="ContextLength">Context length of the loaded model, in tokens; 0 before the load.</param>
internal sealed record PrefixIdentity(
    string Model, long ModelBytes, long ModelModified, string ModelEdges, string Prompts, string Runtime = "", int ContextLength = 0)
{
    private const int EdgeBytes = 1 << 20;

    /// <summary>Reads the identity of a model from the disk, without the properties that are known after its load.</summary>
    /// <returns><see langword="null"/> if the model file cannot be read, or the model may have no prefix.</returns>
    internal static PrefixIdentity? Of(ModelLoadParameters model)
    {
        if (model.PromptIdentity is not { } prompts || FileStatus.Of(model.ModelPath) is not { } status)
            return null;
        try
        {
            using SafeFileHandle file = RegularFile.OpenHandle(model.ModelPath);
            byte[] edges = new byte[2 * EdgeBytes];
            int first = RandomAccess.Read(file, edges.AsSpan(0, EdgeBytes), 0);
            int last = RandomAccess.Read(file, edges.AsSpan(first, EdgeBytes), Math.Max(0, status.Size - EdgeBytes));
            return new(model.Name, status.Size, status.Modified, FileHash.Sha256Of(edges.AsSpan(0, first + last)), prompts);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Adds the properties that are known after the load.</summary>
    internal PrefixIdentity With(LoadedModelInfo facts) => this with { Runtime = facts.RuntimeVersion, ContextLength = facts.MaxContextLength };

    /// <summary>Returns the first difference, as the end of a sentence that starts with the file; <see langword="null"/> if there is none.</summary>
    /// <param name="current">The current identity. Properties that it does not have yet are not compared.</param>
    internal string? FindDifference(PrefixIdentity current)
    {
        if (Model != current.Model)
            return $"belongs to model {Model}";
        if ((ModelBytes, ModelModified, ModelEdges) != (current.ModelBytes, current.ModelModified, current.ModelEdges))
            return "was saved with another model file";
        if (Prompts != current.Prompts)
            return "was saved with another chat template, tokenizer or system prompt";
        if (current.Runtime.Length > 0 && Runtime != current.Runtime)
            return $"was saved by runtime {Runtime}, not {current.Runtime}";
        return current.ContextLength > 0 && ContextLength != current.ContextLength ? $"was saved with a context length of {ContextLength}, not {current.ContextLength}" : null;
    }
}
