using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls.Families;

/// <summary>A text at the start of a tool call.</summary>
/// <param name="Open">The mark itself: a special token, or text.</param>
/// <param name="Close">The mark at the end of the call; null if the call ends with its payload.</param>
internal sealed record ToolMark(string Open, string? Close = null, ToolPayload Payload = ToolPayload.Any)
{
    /// <summary>Whether the mark is a word that also occurs in other text. Then only JSON that is a call without a mark is a call.</summary>
    internal bool IsWord { get; init; }

    /// <summary>Creates a parser of the text after the mark.</summary>
    internal ToolCallParser CreateParser(ToolCallReader reader, List<ParsedToolCall> calls) => Payload switch
    {
        ToolPayload.Function => new XmlCallParser(reader.InNamespaces, calls),
        ToolPayload.Recipient => new RecipientCallParser(reader, calls),
        ToolPayload.Gemma => new GemmaToolCallParser(reader.InNamespaces, calls, this),
        ToolPayload.NameLine => new NameLineParser(reader.InNamespaces, calls),
        _ => new CallBlockParser(IsWord ? reader : reader.InNamespaces, calls, this),
    };
}

/// <summary>What follows a mark, and so which parser reads it.</summary>
internal enum ToolPayload
{
    /// <summary>Calls in JSON, XML, Python, or a name and arguments: the first characters show which. With or without a Markdown fence.</summary>
    Any,

    /// <summary>The rest of one function in XML: the mark is the start of its tag.</summary>
    Function,

    /// <summary>gpt-oss: the name, the header of the message up to its mark, and the arguments as JSON.</summary>
    Recipient,

    /// <summary>Gemma 4: <c>call:name{key:value}</c>, with a control token in place of the quotes of a string.</summary>
    Gemma,

    /// <summary>Functionary: a line with the name, and the arguments as JSON.</summary>
    NameLine,
}
