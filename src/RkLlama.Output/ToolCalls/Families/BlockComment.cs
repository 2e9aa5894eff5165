namespace RkLlama.Output.ToolCalls.Families;

/// <summary>Text in a block of calls that is skipped: a comment of a program or of XML, and a line break that is written as an escape sequence.</summary>
internal struct BlockComment
{
    // The character that ends the comment; a backslash or a slash before the second character of its start, and '\0' outside of comments.
    private char _end;

    internal readonly bool IsOpen => _end != '\0';

    /// <summary>Whether the output may end here. A comment of XML must have an end.</summary>
    internal readonly bool MayEndOutput => _end != '>';

    /// <param name="first">The first character: <c>#</c>, <c>/</c>, a backslash, or <c>&lt;</c> for the start of a comment of XML.</param>
    internal static BlockComment StartWith(char first) => new() { _end = first switch { '\\' or '/' => first, '<' => '>', _ => '\n' } };

    /// <summary>Returns whether the character may start a tag after a comment on its line.</summary>
    internal readonly bool IsTag(char c) => c == '<' && _end == '\n';

    /// <summary>Processes the next character. Returns false if the text is no comment.</summary>
    internal bool Feed(char c)
    {
        bool isComment = _end switch
        {
            '\\' => c is 'n' or 'r' or 't',
            '/' => c is '/' or '*',
            '>' => c != '\n',
            _ => true,
        };
        _end = _end == '/' ? '\n' : c == _end || _end == '\\' ? '\0' : _end;
        return isComment;
    }
}
