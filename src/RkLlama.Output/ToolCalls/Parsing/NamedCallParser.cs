using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Parses a tool call that starts with the name of the tool. The arguments are a JSON object, with or without a Markdown fence (GLM-4, Hunyuan), also after
/// a separator (Mistral, DeepSeek, Kimi), tags with the keys and values (GLM-4.5), or in the syntax of Python.
/// </summary>
/// <param name="isMarked">Whether a mark shows that the text is a tool call. Only then, a name alone is a call without arguments.</param>
internal sealed class NamedCallParser(ToolCallReader reader, List<ParsedToolCall> calls, bool isMarked) : ToolCallParser(reader, calls)
{
    private const string Wrapper = "print"; // a call in parentheses follows
    private const string Type = "function"; // in DeepSeek R1, a separator and the name follow
    private const string Format = "json"; // of the arguments, in gpt-oss
    private const string IdTag = "[CALL_ID]"; // the id of the call follows

    /// <summary>The forms of the blank in the marks of DeepSeek. Distilled models mix them.</summary>
    internal static IReadOnlyList<string> Blanks { get; } = ["▁", "_", " ", "\\_"];

    /// <summary>Texts between the name and the arguments. DeepSeek's tokens also occur with the characters of ASCII.</summary>
    private static readonly string[] Separators =
    [
        "[ARGS]", "<|tool_call_argument_begin|>", "<|message|>",
        .. Blanks.SelectMany(static blank => (string[])[$"<｜tool{blank}sep｜>", $"<|tool{blank}sep|>", $"<tool{blank}sep>"]),
    ];

    /// <summary>The tags of an element with the arguments.</summary>
    private static readonly string[] Elements = [.. ToolCallFields.ArgumentNames.Select(static name => $"<{name}>")];

    private static readonly LiteralSet TagsAfterName = new([.. Separators, IdTag, "<|constrain|>", Format, TaggedArgumentsParser.KeyTag, .. Elements]);

    private readonly StringBuilder _name = new();
    private LiteralMatcher _tag = new(TagsAfterName);
    private IReadOnlyList<string> _parameters = [];
    private ToolCallParser? _inner;
    private PartialJsonScanner? _json;
    private string _tool = "";
    private bool _hasSeparator;
    private int _fence;
    private State _state = State.Name;

    private enum State
    {
        Name,
        AfterName,
        Word,
        Fence,
        Json,
        FenceEnd,
    }

    /// <summary>The tool, if its name is the whole call; null if not.</summary>
    internal string? BareName { get; private set; }

    /// <summary>Returns whether a call can start with this character.</summary>
    internal static bool CanStartWith(char c) => char.IsAsciiLetter(c) || c == '_';

    internal override ParseStep Feed(char c)
    {
        if (_inner is not null)
            return _inner.Feed(c);
        return _state switch
        {
            State.Name => FeedName(c),
            State.AfterName => FeedAfterName(c),
            State.Word => FeedWord(c),
            State.Fence => FeedFence(c),
            State.Json => FeedJson(_json!, c),
            _ => FeedFenceEnd(c),
        };
    }

    internal override bool TryFinish()
    {
        if (_inner is not null)
            return _inner.TryFinish();
        return _state switch
        {
            State.Json => _json!.WithClosingBrackets() is { } json && Reader.TryAdd(_tool, json, Calls),
            State.FenceEnd => true,
            State.AfterName => _hasSeparator && _tag.Length == 0 && Reader.AllowsNoArguments(_tool) && AddEmpty(),
            _ => false,
        };
    }

    private ParseStep FeedName(char c)
    {
        if (_name.Length == 0 && char.IsWhiteSpace(c))
            return ParseStep.Incomplete;
        if (char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ':' or '/' or '\\' or '!' or '#')
        {
            _name.Append(c);
            return _name.Length <= ToolNames.MaxLength && MayBecomeCall(_name.ToString()) ? ParseStep.Incomplete : ParseStep.Rejected(0);
        }

        _tool = _name.ToString();
        if (c == '(' && (_tool == Wrapper || IsTool(_tool)))
            return StartPython(c);
        if (!Reader.IsOffered(_tool) && _tool != Type)
            return ParseStep.Rejected(1);
        _state = State.AfterName;
        if (isMarked && Reader.Resolve(_tool) is { } tool)
        {
            _parameters = Reader.Parameters(tool);
            _tag = new(new LiteralSet([.. TagsAfterName.Items.Concat(ParameterTag.ArgumentTags(_parameters).Items).Distinct()]));
        }

        return FeedAfterName(c);
    }

    private bool MayBecomeCall(string name)
    {
        if (Reader.MayBecomeOffered(name) || (isMarked && Wrapper.StartsWith(name, StringComparison.Ordinal)))
            return true;
        int dot = name.LastIndexOf('.');
        return dot > 0 && PythonCallReader.Suffix.StartsWith(name[dot..], StringComparison.Ordinal) && Reader.IsOffered(name[..dot]);
    }

    private bool IsTool(string name) => Reader.IsOffered(PythonCallReader.WithoutSuffix(name));

    private ParseStep FeedAfterName(char c)
    {
        if (_tag.Length > 0 || c is '<' or '[' || (c == Format[0] && isMarked))
            return FeedTag(c);
        if (char.IsWhiteSpace(c))
            return ParseStep.Incomplete;
        if (!Reader.IsOffered(_tool))
            return ParseStep.Rejected(1);
        if (c == '{')
            return StartJson(c);
        if (c == '(' && isMarked)
            return StartPython(c);
        _state = State.Fence;
        return MarkdownFence.IsPart(c) ? FeedFence(c) : ParseStep.Rejected(1);
    }

    private ParseStep FeedTag(char c)
    {
        if (!_tag.Feed(c))
        {
            bool isNameAlone = isMarked && !_hasSeparator && c != '<' && _tag.Partial is ['<', ..] && Reader.IsOffered(_tool);
            BareName = isNameAlone ? _tool : null;
            return isNameAlone && AddEmpty() ? ParseStep.Complete(_tag.Length + 1) : ParseStep.Rejected(_tag.Length + 1);
        }

        if (_tag.Match is not { } tag)
            return ParseStep.Incomplete;
        _tag.Reset();
        if (tag == TaggedArgumentsParser.KeyTag)
            return Reader.IsOffered(_tool) ? Start(new TaggedArgumentsParser(Reader, Calls, _tool), "") : ParseStep.Rejected(0);
        if (ParameterTag.Opens.Contains(tag) || (tag is ['<', .., '>'] && _parameters.Contains(tag[1..^1])))
            return StartArgument(tag);
        if (Elements.Contains(tag))
            return Reader.IsOffered(_tool) ? StartElement(tag[1..^1]) : ParseStep.Rejected(0);
        if (!Separators.Contains(tag))
        {
            _state = State.Word;
        }
        else if (_tool == Type && !Reader.IsOffered(_tool))
        {
            _name.Clear();
            _state = State.Name;
        }
        else
        {
            _hasSeparator = true;
        }

        return ParseStep.Incomplete;
    }

    /// <summary>Reads the id of the call, or the format of the arguments.</summary>
    private ParseStep FeedWord(char c)
    {
        if (char.IsAsciiLetterOrDigit(c) || c == '_')
            return ParseStep.Incomplete;
        _state = State.AfterName;
        return FeedAfterName(c);
    }

    /// <summary>Reads the opening fence and its info string.</summary>
    private ParseStep FeedFence(char c)
    {
        if (c == '{' && _fence >= 3)
            return StartJson(c);
        bool isFence = MarkdownFence.IsPart(c);
        _fence += isFence ? 1 : 0;
        return isFence || (_fence >= 3 && (char.IsAsciiLetter(c) || char.IsWhiteSpace(c))) ? ParseStep.Incomplete : ParseStep.Rejected(1);
    }

    private ParseStep StartJson(char c)
    {
        _state = State.Json;
        return FeedJson(_json = new(), c);
    }

    private ParseStep FeedJson(PartialJsonScanner json, char c)
    {
        JsonScanStatus status = json.Feed(c);
        if (status == JsonScanStatus.Invalid)
            return ParseStep.Rejected(json.Unread.Length);
        if (status != JsonScanStatus.Complete)
            return ParseStep.Incomplete;
        if (!Reader.TryAdd(_tool, json.Text, Calls))
            return ParseStep.Rejected(0);
        if (_fence == 0)
            return ParseStep.Complete();
        _fence = 0;
        _state = State.FenceEnd;
        return ParseStep.Incomplete;
    }

    private ParseStep FeedFenceEnd(char c)
    {
        if (MarkdownFence.IsPart(c))
            return ++_fence == 3 ? ParseStep.Complete() : ParseStep.Incomplete;
        return _fence > 0 ? ParseStep.Rejected(1) : char.IsWhiteSpace(c) || c == '}' ? ParseStep.Incomplete : ParseStep.Complete(1);
    }

    private bool AddEmpty()
    {
        Calls.Add(new(Reader.Resolve(_tool)!, "{}"));
        return true;
    }

    private ParseStep StartArgument(string tag)
    {
        XmlCallParser element = new(Reader, Calls);
        _inner = element;
        return ParameterTag.StartArgument(element, _tool, tag, _parameters);
    }

    private ParseStep StartElement(string name)
    {
        XmlCallParser element = new(Reader, Calls);
        _inner = element;
        return element.StartContent(_tool, name);
    }

    private ParseStep StartPython(char c) => Start(new PythonCallParser(Reader, Calls), _tool + c);

    private ParseStep Start(ToolCallParser inner, string text)
    {
        _inner = inner;
        foreach (char c in text)
        {
            if (inner.Feed(c).Status == ParseStatus.Rejected)
                return ParseStep.Rejected(0);
        }

        return ParseStep.Incomplete;
    }
}
