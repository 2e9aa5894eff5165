using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Models;

/// <summary>A model in the models directory.</summary>
/// <param name="Name">The name that clients use.</param>
/// <param name="Directory">Full path of the directory; null for a loose .rkllm file.</param>
/// <param name="ModelPath">Full path of the .rkllm file. It may not exist; <see cref="ModelFileCheck"/> checks that.</param>
/// <param name="Modelfile">Values of the Modelfile; empty for a loose file.</param>
internal sealed record ModelEntry(string Name, string? Directory, string ModelPath, Modelfile Modelfile)
{
    /// <summary>Whether both entries are the same model with the same values. Ignores the warnings of the Modelfile.</summary>
    internal bool IsSame(ModelEntry other) =>
        this with { Modelfile = Modelfile with { Warnings = [] } } == other with { Modelfile = other.Modelfile with { Warnings = [] } };
}
