using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Models;

/// <summary>A model in the models directory.</summary>
/// <param name="Name">The name that clients use.</param>
/// <param name="Directory">Full path of the model's directory; null if the model is an .rkllm file directly in the models directory (a loose file).</param>
/// <param name="ModelPath">Full path of the .rkllm file. The file may be missing; <see cref="ModelFileCheck"/> checks that.</param>
/// <param name="Modelfile">Values of the Modelfile; a loose file has none.</param>
internal sealed record ModelEntry(string Name, string? Directory, string ModelPath, Modelfile Modelfile)
{
    /// <summary>Whether both entries have the same name, paths and Modelfile values. Ignores the warnings of the Modelfile.</summary>
    internal bool IsSame(ModelEntry other) =>
        this with { Modelfile = Modelfile with { Warnings = [] } } == other with { Modelfile = other.Modelfile with { Warnings = [] } };
}
