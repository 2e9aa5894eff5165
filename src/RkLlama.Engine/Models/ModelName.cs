using System.Text;

namespace RkLlama.Engine.Models;

/// <summary>Checks names of models and files before they become part of a path.</summary>
internal static class ModelName
{
    /// <summary>The names of unfinished copies and deletions of models begin with this text. They are never listed.</summary>
    public const string HiddenPrefix = ".rkllama-";

    // The maximum length of a file name on Linux, in bytes.
    private const int MaxUtf8Bytes = 255;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Whether the text can be the name of a model: a plain file name (<see cref="IsPlain"/>) that does not begin with <see cref="HiddenPrefix"/>.
    /// </summary>
    public static bool IsModelName(string? name) => IsPlain(name) && !name!.StartsWith(HiddenPrefix, StringComparison.Ordinal);

    /// <summary>
    /// Whether the text is a plain file name: neither empty nor <c>.</c> nor <c>..</c>; at most 255 bytes in UTF-8; without slashes, backslashes, control
    /// characters and U+FFFD. The path of such a name in a directory is always inside the directory.
    /// </summary>
    public static bool IsPlain(string? name)
    {
        if (string.IsNullOrEmpty(name) || name is "." or ".." || name.Length > MaxUtf8Bytes)
        {
            return false;
        }

        // .NET replaces invalid UTF-8 in a file name with U+FFFD. A path with the replaced name would refer to another file.
        if (name.Any(c => char.IsControl(c) || c is '/' or '\\' or '\uFFFD'))
        {
            return false;
        }

        try
        {
            return StrictUtf8.GetByteCount(name) <= MaxUtf8Bytes;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
