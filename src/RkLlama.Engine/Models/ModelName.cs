using System.Text;

namespace RkLlama.Engine.Models;

/// <summary>Checks names of models and files before they become part of a path.</summary>
internal static class ModelName
{
    /// <summary>The names of unfinished copies and deletions of models begin with this text. They are never listed.</summary>
    public const string HiddenPrefix = ".rkllama-";

    /// <summary>The names of the directories with unfinished downloads of models end with this text. They are never listed.</summary>
    public const string PartialSuffix = ".partial";

    // The maximum length of a file name on Linux, in bytes.
    private const int MaxUtf8Bytes = 255;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private const string LatestTag = ":latest";

    /// <summary>Returns a model's name as Ollama's clients know it: with the tag <c>:latest</c> if it has no tag. A tag is the text after a colon.</summary>
    public static string WithTag(string name) => name.Contains(':', StringComparison.Ordinal) ? name : name + LatestTag;

    /// <summary>Returns a name from a client without the tag <c>:latest</c>. Other tags belong to the name of the model.</summary>
    public static string WithoutLatest(string name) => name.EndsWith(LatestTag, StringComparison.OrdinalIgnoreCase) ? name[..^LatestTag.Length] : name;

    /// <summary>Whether two names from clients mean the same model: they differ at most in case and in the tag <c>:latest</c>.</summary>
    public static bool IsSame(string one, string other) => WithoutLatest(one).Equals(WithoutLatest(other), StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Whether the text can be the name of a model: a plain file name (<see cref="IsPlain"/>) that does not begin with <see cref="HiddenPrefix"/> and does not
    /// end with <see cref="PartialSuffix"/>.
    /// </summary>
    public static bool IsModelName(string? name) =>
        IsPlain(name) && !name!.StartsWith(HiddenPrefix, StringComparison.Ordinal) && !name.EndsWith(PartialSuffix, StringComparison.Ordinal);

    /// <summary>
    /// Whether a new model can get the name: a valid name (<see cref="IsModelName"/>) that a shell reads as one word, without white space, quotes and a hyphen at its
    /// beginning. Models that were copied into the models directory may have other names.
    /// </summary>
    public static bool IsNewName(string? name) =>
        IsModelName(name) && name![0] != '-' && !name.Any(static c => char.IsWhiteSpace(c) || c is '"' or '\'' or '`');

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
