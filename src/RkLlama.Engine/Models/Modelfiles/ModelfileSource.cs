using System.Text;

namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>
/// The text of a Modelfile, without a byte order mark. Converts an offset (an index in <see cref="Text"/>) to line and column. Lines end with LF, CRLF or CR.
/// </summary>
internal sealed class ModelfileSource
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly List<int> _lineStarts = [0];

    public ModelfileSource(string file, string text)
    {
        File = file;
        Text = text.StartsWith('\uFEFF') ? text[1..] : text;
        for (int i = 0; i < Text.Length; i++)
        {
            if (Text[i] == '\n' || (Text[i] == '\r' && (i + 1 == Text.Length || Text[i + 1] != '\n')))
            {
                _lineStarts.Add(i + 1);
            }
        }
    }

    public string File { get; }
    public string Text { get; }

    /// <param name="file">The file name for messages.</param>
    /// <exception cref="ModelfileException">The bytes are not UTF-8.</exception>
    public static ModelfileSource Decode(string file, ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith<byte>([0xFF, 0xFE]) || bytes.StartsWith<byte>([0xFE, 0xFF]))
        {
            throw new ModelfileException(file, 1, 1, "the file is UTF-16; save it as UTF-8");
        }

        try
        {
            return new ModelfileSource(file, StrictUtf8.GetString(bytes));
        }
        catch (DecoderFallbackException ex)
        {
            ModelfileSource readable = new(file, Encoding.UTF8.GetString(bytes[..ex.Index]));
            (int line, int column) = readable.Position(readable.Text.Length);
            throw new ModelfileException(file, line, column, $"byte 0x{bytes[ex.Index]:X2} is not UTF-8; save the file as UTF-8", ex);
        }
    }

    /// <summary>Returns line and column of an offset. Both start at 1; the column is in UTF-16 code units.</summary>
    public (int Line, int Column) Position(int offset)
    {
        int index = _lineStarts.BinarySearch(offset);
        int line = index >= 0 ? index : ~index - 1;
        return (line + 1, offset - _lineStarts[line] + 1);
    }

    /// <summary>Creates an exception with the position of the offset.</summary>
    public ModelfileException Error(int offset, string reason)
    {
        (int line, int column) = Position(offset);
        return new ModelfileException(File, line, column, reason);
    }

    /// <summary>Returns the text of a warning with the position of the offset.</summary>
    public string Warning(int offset, string reason)
    {
        (int line, int column) = Position(offset);
        return $"{File}:{line}:{column}: {reason}";
    }
}
