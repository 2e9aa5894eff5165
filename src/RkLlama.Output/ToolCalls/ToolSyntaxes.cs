namespace RkLlama.Output.ToolCalls;

internal static class ToolSyntaxes
{
    /// <summary>
    /// The syntax that a chat template teaches its model, told by the markers in the template's source. None for a template that knows no
    /// tools, and for one whose syntax is none of ours.
    /// </summary>
    internal static ToolSyntax Detect(string templateSource)
    {
        // The order matters: templates of one family may mention the markers of the one they came from.
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
