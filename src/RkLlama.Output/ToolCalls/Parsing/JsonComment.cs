namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>Finds the end of a comment in JSON, one character at a time.</summary>
internal struct JsonComment
{
    // '/' after the start, '*' or '\n' inside of the comment, and 'e' after a star in it. '\0' outside of comments.
    private char _state;

    internal readonly bool IsOpen => _state != '\0';

    /// <summary>Processes a character of a comment; the first is a slash. Returns false if the text is no comment.</summary>
    internal bool Feed(char c)
    {
        char next = (_state, c) switch
        {
            ('\0', _) => '/',
            ('/', '/') => '\n',
            ('/', '*') => '*',
            ('\n', '\n') or ('e', '/') => '\0',
            ('*' or 'e', '*') => 'e',
            ('e', _) => '*',
            _ => _state,
        };
        bool isNone = _state == '/' && next == '/';
        _state = next;
        return !isNone;
    }
}
