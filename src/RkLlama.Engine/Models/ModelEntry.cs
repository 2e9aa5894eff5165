namespace RkLlama.Engine.Models;

/// <summary>A model that can be tried to load.</summary>
/// <param name="Name">The name clients use.</param>
/// <param name="Directory">Full path of its directory; null for a loose .rkllm file.</param>
/// <param name="ModelPath">Full path of the .rkllm file; whether it is there and sound is <see cref="ModelFileCheck"/>'s business.</param>
/// <param name="Modelfile">What the Modelfile says; for a loose file, nothing.</param>
internal sealed record ModelEntry(string Name, string? Directory, string ModelPath, Modelfile Modelfile)
{
    /// <summary>Whether the other says the same of the same model; its warnings are beside the point.</summary>
    internal bool IsSame(ModelEntry other) =>
        this with { Modelfile = Modelfile with { Warnings = [] } } == other with { Modelfile = other.Modelfile with { Warnings = [] } };
}
