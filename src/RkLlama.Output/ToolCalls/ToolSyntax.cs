namespace RkLlama.Output.ToolCalls;

/// <summary>How a family of models writes the calls of tools into its answer.</summary>
internal enum ToolSyntax
{
    /// <summary>Not at all: everything is text.</summary>
    None,

    /// <summary><c>&lt;tool_call&gt;{"name": …, "arguments": {…}}&lt;/tool_call&gt;</c>: Hermes, Qwen 2.5 and 3, SmolLM 3.</summary>
    Hermes,

    /// <summary>
    /// <c>&lt;tool_call&gt;&lt;function=f&gt;&lt;parameter=p&gt;…&lt;/parameter&gt;&lt;/function&gt;&lt;/tool_call&gt;</c>, or what Hermes
    /// writes between the same tags; the outer tags may be missing: Qwen3-Coder, Qwen 3.5.
    /// </summary>
    QwenXml,

    /// <summary><c>{"name": …, "parameters": {…}}</c> as the whole answer, several with <c>;</c> between, or after <c>&lt;|python_tag|&gt;</c>.</summary>
    Llama3Json,

    /// <summary><c>[TOOL_CALLS][{"name": …, "arguments": {…}}]</c> and <c>[TOOL_CALLS]name[ARGS]{…}</c>.</summary>
    Mistral,

    /// <summary>Between <c>&lt;｜tool▁calls▁begin｜&gt;</c> and its end, the arguments in a fenced block of JSON (R1) or bare (V3.1).</summary>
    DeepSeek,
}
