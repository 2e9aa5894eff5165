using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls.Families;

/// <summary>Reads a closing tag of an unknown name, after <c>&lt;/</c>, in a block that has a call. The tag ends the block, because no call can contain it.</summary>
internal sealed class UnknownClosingTag
{
    private const int MaxLength = 32;

    private int _length;

    internal ParseStep Feed(char c)
    {
        if (c == '>')
            return ParseStep.Complete();
        bool isPart = char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or ':' or '|' or ' ';
        return isPart && ++_length < MaxLength ? ParseStep.Incomplete : ParseStep.Rejected(1);
    }
}
