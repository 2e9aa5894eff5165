namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>One <c>KEY=value</c> of a Modelfile, before the key is checked.</summary>
/// <param name="Key">As written, without quotes.</param>
/// <param name="Value">Null if the line has a key and no value.</param>
/// <param name="KeyOffset">Start of the key in the text.</param>
/// <param name="ValueOffset">Start of the value, including its quote.</param>
/// <param name="Verbatim">True if <c>${NAME}</c> in the value is not expanded.</param>
internal sealed record ModelfileEntry(string Key, string? Value, int KeyOffset, int ValueOffset, bool Verbatim = false);
