namespace RkLlama.Engine.Models;

/// <summary>One <c>KEY=value</c> of a Modelfile, before the key is known to mean anything.</summary>
/// <param name="Key">As written, without quotes.</param>
/// <param name="Value">Null when the line names a key and no value.</param>
/// <param name="KeyOffset">Where the key starts in the text.</param>
/// <param name="ValueOffset">Where the value starts, its quote included.</param>
/// <param name="Verbatim">True when <c>${NAME}</c> in the value is to stay as it is.</param>
internal sealed record ModelfileEntry(string Key, string? Value, int KeyOffset, int ValueOffset, bool Verbatim = false);
