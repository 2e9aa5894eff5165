namespace RkLlama.Output.ToolCalls;

internal static class ToolSyntaxDetector
{
    /// <summary>
    /// Detects the tool call syntax from the markers in the source of a chat template. Returns <see cref="ToolSyntax.None"/> for a template without
    /// tools and for an unknown syntax.
    /// </summary>
    internal static ToolSyntax Detect(string templateSource)
    {
        // The order matters: a template may also contain the markers of the family that it is derived from.
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
