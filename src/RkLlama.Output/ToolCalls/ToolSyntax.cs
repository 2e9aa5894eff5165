namespace RkLlama.Output.ToolCalls;

/// <summary>The format in which a model family writes tool calls.</summary>
internal enum ToolSyntax
{
    /// <summary>The model writes no tool calls: all output is text.</summary>
    None,

    /// <summary><c>&lt;tool_call&gt;{"name": …, "arguments": {…}}&lt;/tool_call&gt;</c>: Hermes, Qwen 2.5 and 3, SmolLM 3.</summary>
    Hermes,

    /// <summary>
    /// <c>&lt;tool_call&gt;&lt;function=f&gt;&lt;parameter=p&gt;…&lt;/parameter&gt;&lt;/function&gt;&lt;/tool_call&gt;</c>, or the Hermes JSON
    /// between the same tags. The outer tags may be missing: Qwen3-Coder, Qwen 3.5.
    /// </summary>
    QwenXml,

    /// <summary>
    /// <c>{"name": …, "parameters": {…}}</c> as the whole output or after <c>&lt;|python_tag|&gt;</c>; several calls are separated by <c>;</c>.
    /// </summary>
    Llama3Json,

    /// <summary><c>[TOOL_CALLS][{"name": …, "arguments": {…}}]</c> and <c>[TOOL_CALLS]name[ARGS]{…}</c>.</summary>
    Mistral,

    /// <summary>Between <c>&lt;｜tool▁calls▁begin｜&gt;</c> and its end token; the arguments are a fenced JSON block (R1) or bare JSON (V3.1).</summary>
    DeepSeek,
}
