namespace RkLlama.Engine.Models;

/// <summary>Reads names of models at their sources. Thread-safe.</summary>
internal interface ISourceNames
{
    /// <summary>Reads a name.</summary>
    /// <param name="requested">Any text from a client.</param>
    /// <returns><see langword="null"/> if the text is not the name of a model at a source.</returns>
    RequestedSource? Read(string requested);
}

/// <summary>A model at a source that a request names.</summary>
/// <param name="Text">The name at the source, in its full form.</param>
/// <param name="Names">The names that the model may have on the node, the most likely one first.</param>
/// <param name="IsSame">Whether a model with this record is the requested one.</param>
internal sealed record RequestedSource(string Text, IReadOnlyList<string> Names, Func<ModelSource, bool> IsSame)
{
    /// <summary>Whether the request also says which name the model has on the node. Then a model with another name is not meant.</summary>
    public bool IsNamed { get; init; }

    /// <summary>Whether a model with one of the names is the requested one if its source is not recorded.</summary>
    public bool AcceptsUnrecorded { get; init; }
}
