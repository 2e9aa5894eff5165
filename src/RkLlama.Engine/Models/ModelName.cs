using System.Text;

namespace RkLlama.Engine.Models;

/// <summary>Which names from outside may be joined to a directory.</summary>
internal static class ModelName
{
    // The longest file name Linux has.
    private const int MaxUtf8Bytes = 255;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>True for a plain file name: joined to a directory it stays inside.</summary>
    public static bool IsPlain(string? name)
    {
        if (string.IsNullOrEmpty(name) || name is "." or ".." || name.Length > MaxUtf8Bytes)
        {
            return false;
        }

        // U+FFFD is what a name that is not UTF-8 is read as; the path made from it would be another one.
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
