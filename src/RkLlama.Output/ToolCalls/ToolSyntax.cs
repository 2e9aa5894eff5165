namespace RkLlama.Output.ToolCalls;

/// <summary>The format in which a model family writes tool calls.</summary>
internal enum ToolSyntax
{
    /// <summary>The model writes no tool calls, or their syntax is unknown: all output is content.</summary>
    None,

    /// <summary><c>&lt;tool_call&gt;{"name": …, "arguments": {…}}&lt;/tool_call&gt;</c>: Hermes, Qwen 2.5 and 3, SmolLM 3.</summary>
    Hermes,

    /// <summary>
    /// <c>&lt;tool_call&gt;&lt;function=f&gt;&lt;parameter=p&gt;…&lt;/parameter&gt;&lt;/function&gt;&lt;/tool_call&gt;</c>, or the JSON of
    /// <see cref="Hermes"/> between the same outer tags. The outer tags of the XML form may be missing. Used by Qwen3-Coder and Qwen 3.5.
    /// </summary>
    QwenXml,

    /// <summary>
    /// <c>{"name": …, "parameters": {…}}</c> at the start of the output or after <c>&lt;|python_tag|&gt;</c>. A <c>;</c> separates several calls.
    /// </summary>
    Llama3Json,

    /// <summary><c>[TOOL_CALLS][{"name": …, "arguments": {…}}]</c> or <c>[TOOL_CALLS]name[ARGS]{…}</c>: Mistral.</summary>
    Mistral,

    /// <summary>
    /// Calls between <c>&lt;｜tool▁calls▁begin｜&gt;</c> and the matching end token. The arguments are JSON, inside a Markdown code block (DeepSeek R1) or
    /// without one (V3.1).
    /// </summary>
    DeepSeek,
}
