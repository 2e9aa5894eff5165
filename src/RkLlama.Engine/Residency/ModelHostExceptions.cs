using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Residency;

/// <summary>No model is loaded or loading, or the model was unloaded while the request waited for it.</summary>
internal class NoModelException(string message) : Exception(message)
{
    internal NoModelException()
        : this("No models are currently loaded.")
    {
    }
}

/// <summary>The model that a request names was unloaded while the request waited. If the request is sent again, it loads the model.</summary>
internal sealed class ModelUnloadedException(string model) : NoModelException($"Model {model} was unloaded while the request waited. Send the request again.");

/// <summary>No model has the name that the request gives.</summary>
internal sealed class ModelNotFoundException(string name) : Exception($"model '{Excerpt.Of(name)}' not found")
{
    /// <summary>The name in the request, cut like all text from clients in errors.</summary>
    internal string Name { get; } = Excerpt.Of(name);
}

/// <summary>The operator's load was refused because a model is already loaded or loading.</summary>
internal sealed class ModelAlreadyLoadedException() : Exception("A model is already loaded. Please unload it first.");
