namespace RkLlama.Engine.Models.Store;

/// <summary>Another request, or a user of the machine, changed, renamed or deleted a model while it was copied. The copy is incomplete.</summary>
internal sealed class SourceChangedException(Exception? inner = null) : IOException("the model has changed while it was copied", inner);
