namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>A key and its value in a Modelfile. Neither of them is checked yet.</summary>
/// <param name="Key">As written, without quotes.</param>
/// <param name="Value">The value without quotes, with its escapes decoded; null if the line consists of the key only.</param>
/// <param name="KeyOffset">Start of the key: an index in <see cref="ModelfileSource.Text"/>.</param>
/// <param name="ValueOffset">Start of the value, including its quote: an index in <see cref="ModelfileSource.Text"/>.</param>
/// <param name="End">End of the value, including its quote: an index in <see cref="ModelfileSource.Text"/>.</param>
/// <param name="Verbatim">Whether <c>${NAME}</c> in the value is plain text and not a reference to another key.</param>
internal sealed record ModelfileEntry(string Key, string? Value, int KeyOffset, int ValueOffset, int End, bool Verbatim = false);
