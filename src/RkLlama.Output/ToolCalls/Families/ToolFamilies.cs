using RkLlama.Output.Reasoning;
using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls.Families;

/// <summary>The table of all known formats of tool calls.</summary>
internal static class ToolFamilies
{
    /// <summary>The start of a message. GLM-4 writes a text and a call as two messages of one answer.</summary>
    internal const string NextMessage = "<|assistant|>";

    /// <summary>The word before the list of calls of Phi-4-mini. It may also follow another mark.</summary>
    internal const string FunctionList = "functools";

    /// <summary>
    /// The rows, in the order in which a template is compared with them: a template may also contain the marks of another family that it is derived from.
    /// The marks obey the rules of <see cref="Text.LiteralMatcher"/>.
    /// </summary>
    private static readonly ToolFamily[] Rows =
    [
        new("Qwen XML", ["<function=\n<parameter="], [Tag("tool_call"), Function("<function="), Function("<function name="), Function("<function/"), Function("<function("), Tag("seed:tool_call")]),
        new("GLM-4.5", ["<arg_key>"], [Tag("tool_call")]),
        new("Hunyuan, Jamba", ["<tool_calls>"], [Tag("tool_calls"), Tag("tool_call")]),
        new("MiniMax", ["<minimax:tool_call>"], [Tag("minimax:tool_call"), Function("<invoke name=")]),
        new("Hermes", ["<tool_call>"], 
            [.. Tags("tool_call", "tools", "function_call", "functioncall", "tool", "toolcall", "toolCall", "TOOL_CALL", "function", "tool_code", "tool-use", "tool_use", "invoke", "tool_name", "function_name")]),
        new("Mistral", ["[TOOL_CALLS]"], [new("[TOOL_CALLS]"), new("[TOOL_CALL]"), new("[tool_call]", "[/tool_call]")]),
        new("DeepSeek", ["tool▁calls▁begin"], [.. DeepSeek("<｜", "｜>"), .. DeepSeek("<|", "|>"), .. DeepSeek("<", ">")]),
        new("Gemma 4", ["<|tool_call>"], [new("<|tool_call>", "<tool_call|>", ToolPayload.Gemma)]),
        new("FunctionGemma", ["<start_function_call>"], [new("<start_function_call>", "<end_function_call>", ToolPayload.Gemma)]),
        new("Phi-4-mini, Granite", ["<|tool_call|>", FunctionList, "<|tool|>"], [new("<|tool_call|>", "<|/tool_call|>"), new("<|tool_calls|>", "<|/tool_calls|>"), new(FunctionList)]),
        new("MiniCPM, LFM2", ["<|tool_call_start|>"], [new("<|tool_call_start|>", "<|tool_call_end|>")]),
        new("InternLM", ["<|action_start|>"], [new("<|action_start|>", "<|action_end|>"), new("<|plugin|>", "<|action_end|>"), new("<|interpreter|>", "<|action_end|>")]),
        new("Nemotron", ["<TOOLCALL>"], [Tag("TOOLCALL")]),
        new("Command R", ["<|START_ACTION|>"], [new("<|START_ACTION|>", "<|END_ACTION|>")]),
        new("OLMo", ["<function_calls>"], [Tag("function_calls")]),
        new("Llama 4", ["<|python_start|>"], [new("<|python_start|>", "<|python_end|>")]) { HasUnmarkedCalls = true },
        new("Llama 3", ["<|python_tag|>", "{\"name\": \n\"parameters\": "], [new("<|python_tag|>")]) { HasUnmarkedCalls = true },
        new("Kimi K2", ["<|tool_calls_section_begin|>"], [new("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"), new("<|tool_call_begin|>", "<|tool_call_end|>")]),
        new("GLM-4", ["<|observation|>", "[gMASK]"], []) { StartsWithName = true },
        new("LM Studio", ["[TOOL_REQUEST]"], [new("[TOOL_REQUEST]", "[END_TOOL_REQUEST]")]),
        new("Functionary", [">>>all\\n", ">>>${recipient}"], [new(">>>", null, ToolPayload.NameLine)]),
        new("gpt-oss", ["<|channel|>commentary"], [new("commentary to=")]),
        new("Gemma", ["```tool_code"], []),
        new("wrappers", [], [Wrapper("json"), Wrapper("xml"), Wrapper("response")]),
    ];

    // Texts directly after a call that are neither part of it nor content: the ends of turns.
    private static readonly string[] TurnEnds =
    [
        "</s>", "<|im_end|>", "<|eot_id|>", "<|eot|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>", "<|call|>", "<end_of_turn>", "<turn|>",
        "<｜end▁of▁sentence｜>", NextMessage, "[/TOOL_CALLS]", "[/TOOL_CALL]",
    ];

    /// <summary>The mark of a call in the header of a message of gpt-oss. It counts only there.</summary>
    internal static ToolMark Recipient { get; } = new(ReasoningTag.Recipient, null, ToolPayload.Recipient);

    /// <summary>A model whose template does not show the format. Calls are recognised by their names only, and by the marks of all families.</summary>
    internal static ToolFamily Unknown { get; } = new("unknown", [], []);

    /// <summary><c>&lt;tool_call&gt;{"name": …, "arguments": {…}}&lt;/tool_call&gt;</c>.</summary>
    internal static ToolFamily Hermes { get; } = Rows.Single(static row => row.Name == "Hermes");

    internal static IReadOnlyList<ToolFamily> All => Rows;

    /// <summary>The marks of all families.</summary>
    internal static IReadOnlyDictionary<string, ToolMark> Marks { get; } =
        Rows.SelectMany(static row => row.Marks).DistinctBy(static mark => mark.Open).ToDictionary(static mark => mark.Open, StringComparer.Ordinal);

    /// <summary>
    /// Texts directly after a call at which the model starts to invent the result of the call, or the next turn. Neither they nor the text behind them are
    /// content.
    /// </summary>
    internal static IReadOnlySet<string> ResultStarts { get; } = new HashSet<string>(
        [
            "<|eom_id|>", "<|eom|>", "<|observation|>", "<tool_response>", "<|tool_response>", "<|tool_response|>", "<start_function_response>", "[TOOL_RESULTS]",
            "<function_results>", .. NamedCallParser.Blanks.Select(static blank => $"<｜tool{blank}outputs{blank}begin｜>"), "<|im_start|>", "<|start_header_id|>", "<start_of_turn>", "<|user|>", "<｜User｜>", "[INST]",
        ],
        StringComparer.Ordinal);

    /// <summary>
    /// Texts that are dropped directly after a call: closing marks that are there twice or in a wrong form, the closing tags of reasoning, and the ends of
    /// turns.
    /// </summary>
    internal static IReadOnlySet<string> Trailers { get; } = new HashSet<string>(
        [
            .. Marks.Values.SelectMany(static mark => Closers(mark)).Where(static close => close != "<function/>"), .. TurnEnds, .. ResultStarts, "</parameter>", "</invoke>",
            .. ReasoningTags.All.SelectMany(static tag => tag.Closers).Where(static close => close[0] is '<' or '[' && !ReasoningTags.All.Any(tag => tag.Open == close)),
        ],
        StringComparer.Ordinal);

    /// <summary>The marks of all families, and the texts that are dropped after a call.</summary>
    internal static IReadOnlyList<string> BlockTags { get; } = [.. Trailers, .. Marks.Keys];

    /// <summary>Returns the family of a chat template; <see cref="Unknown"/> if it has no marks of a family.</summary>
    internal static ToolFamily Detect(string templateSource) => Rows.FirstOrDefault(row => row.IsTemplate(templateSource)) ?? Unknown;

    private static ToolMark Tag(string name) => new($"<{name}>", $"</{name}>");

    private static ToolMark Wrapper(string name) => Tag(name) with { IsWord = true };

    private static ToolMark[] Tags(params string[] names) => [.. names.Select(Tag)];

    private static ToolMark Function(string open) => new(open, null, ToolPayload.Function);

    /// <summary>
    /// Returns the marks of a list of calls, of one call and of its name. Distilled models spell the blank in other ways, and leave out the word begin.
    /// </summary>
    private static IEnumerable<ToolMark> DeepSeek(string start, string end)
    {
        foreach (string blank in NamedCallParser.Blanks)
        {
            string call = $"{start}tool{blank}call", close = $"{call}{blank}end{end}";
            yield return new($"{call}s{blank}begin{end}", $"{call}s{blank}end{end}");
            yield return new($"{call}{blank}begin{end}", close);
            yield return new($"{start}tool{blank}sep{end}", close);
            if (end[0] != '｜')
                continue;
            yield return new($"{call}s{end}", $"{call}s{blank}end{end}");
            yield return new($"{call}{end}", close);
        }
    }

    /// <summary>Returns the closing mark, and the forms in which models write it by mistake.</summary>
    private static IEnumerable<string> Closers(ToolMark mark)
    {
        if (mark.Close is not null)
            yield return mark.Close;
        if (mark.Open is not ['<', .., '>'])
            yield break;
        string name = mark.Open[1..^1].Trim('|');
        yield return $"<{mark.Open[1..^1]}/>";
        yield return $"</{mark.Open[1..]}";
        yield return $"<\\/{mark.Open[1..]}";
        if (mark.Open[1] == '|')
            yield return $"<|/{name}|>";
    }
}
