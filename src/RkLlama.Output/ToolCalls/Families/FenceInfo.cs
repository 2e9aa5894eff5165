namespace RkLlama.Output.ToolCalls.Families;

/// <summary>The info string of a Markdown fence. It shows whether the content may be a call without a mark.</summary>
internal sealed class FenceInfo
{
    private const int MaxLength = 16;

    private static readonly string[] Data =
    [
        "", "json", "jsonc", "json5", "jsonl", "tool_code", "tool_call", "tool_calls", "tool", "tools", "function", "function_call", "xml", "html", "text",
        "txt", "plaintext", "javascript", "js",
    ];

    private string _text = "";

    /// <summary>The info string where no fence has begun. It must not be fed.</summary>
    internal static FenceInfo None { get; } = new();

    /// <summary>Whether the content is a program in Python. The answer may be about the program, so only a whole answer is a call in the syntax of Python.</summary>
    internal bool IsPython => _text is "python" or "py";

    /// <summary>Whether the content is a program in any language.</summary>
    internal bool IsProgram => !Data.Contains(_text);

    /// <summary>Whether the content is a program whose purpose is to call tools.</summary>
    internal bool IsToolProgram => _text.StartsWith("tool", StringComparison.Ordinal) || _text.StartsWith("function", StringComparison.Ordinal);

    internal bool IsEmpty => _text.Length == 0;

    /// <summary>Returns whether the character is part of the info string.</summary>
    internal bool Feed(char c)
    {
        bool isPart = char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '+';
        if (isPart)
            _text += char.ToLowerInvariant(c);
        return (isPart && _text.Length <= MaxLength) || (c is ' ' or '\t' && _text.Length == 0);
    }

    /// <summary>Whether the text may be the name of a language.</summary>
    internal bool IsLanguage => Data.Contains(_text) || _text.All(char.IsAsciiLetter);

    /// <summary>Returns whether the content may be a call that starts with this character. A mark and JSON may be in a fence of any language.</summary>
    internal bool Allows(char c, bool isWholeAnswer) =>
        Data.Contains(_text) || (IsPython && isWholeAnswer) || (c is '{' or '[' or '<' && IsLanguage);
}
