namespace RkLlama.Engine.Residency;

/// <summary>No model is loaded.</summary>
internal sealed class NoModelException() : Exception("No models are currently loaded.");

/// <summary>No model has the name that a request gives.</summary>
internal sealed class ModelNotFoundException(string name) : Exception($"model '{name}' not found")
{
    internal string Name => name;
}

/// <summary>A model is loaded or loading already.</summary>
internal sealed class ModelOccupiedException() : Exception("A model is already loaded. Please unload it first.");
