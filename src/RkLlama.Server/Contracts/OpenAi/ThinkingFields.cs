using System.Text.Json;

namespace RkLlama.Server.Contracts.OpenAi;

/// <summary>Whether the model shall think first, in the dialects that clients write it.</summary>
internal static class ThinkingFields
{
    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];

    /// <summary>Null leaves it to the model.</summary>
    internal static bool? ReadThinking(this JsonElement body)
    {
        if (body.Object("chat_template_kwargs") is { } variables && variables.Flag("enable_thinking") is { } variable)
            return variable;
        if ((body.Flag("enable_thinking") ?? body.Flag("think")) is { } flag)
            return flag;
        string? effort = body.Text("reasoning_effort") ?? (body.Object("reasoning") is { } reasoning ? reasoning.Text("effort") : null);
        if (effort is null)
            return null;
        return Efforts.Contains(effort) ? effort is not ("none" or "minimal") : throw JsonFields.Wrong("reasoning_effort", $"one of {string.Join(", ", Efforts)}");
    }
}
