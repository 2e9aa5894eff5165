using System.Text;

namespace RkLlama.Engine.Models;

/// <summary>Checks names from clients before they become part of a path.</summary>
internal static class ModelName
{
    // The maximum length of a file name on Linux.
    private const int MaxUtf8Bytes = 255;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>True for a plain file name: a path made of a directory and this name stays inside the directory.</summary>
    public static bool IsPlain(string? name)
    {
        if (string.IsNullOrEmpty(name) || name is "." or ".." || name.Length > MaxUtf8Bytes)
        {
            return false;
        }

        // A file name that is not UTF-8 is read with U+FFFD in it. The path made from it would name another file.
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
