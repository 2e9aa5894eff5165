namespace RkLlama.Output.ToolCalls;

internal static class ToolSyntaxDetector
{
    /// <summary>
    /// Detects the tool call syntax from the markers that the source of a chat template contains. Returns <see cref="ToolSyntax.None"/> if the template does
    /// not support tools or uses an unknown syntax.
    /// </summary>
    internal static ToolSyntax Detect(string templateSource)
    {
        // The order matters, because a template may also contain the markers of another syntax that it is derived from.
        if (Has("<function=") && Has("<parameter="))
            return ToolSyntax.QwenXml;
        if (Has("<tool_call>"))
            return Has("<arg_key>") ? ToolSyntax.None : ToolSyntax.Hermes;
        if (Has("[TOOL_CALLS]"))
            return ToolSyntax.Mistral;
        if (Has("tool▁calls▁begin"))
            return ToolSyntax.DeepSeek;
        return Has("<|python_tag|>") || (Has("{\"name\": ") && Has("\"parameters\": ")) ? ToolSyntax.Llama3Json : ToolSyntax.None;

        bool Has(string marker) => templateSource.Contains(marker, StringComparison.Ordinal);
    }
}
