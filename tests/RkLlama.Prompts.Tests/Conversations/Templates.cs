using System.Text.Json;
using RkLlama.Prompts.Tests.Jinja;
using RkLlama.Prompts.Tests.Support;

namespace RkLlama.Prompts.Tests.Conversations;

/// <summary>Creates chat templates and messages for tests.</summary>
internal static class Templates
{
    private static readonly SpecialTokens _tokens = new(new Dictionary<string, string> { ["bos_token"] = "<s>", ["eos_token"] = "</s>" });

    /// <summary>A tool in the format of the OpenAI API.</summary>
    public static JsonElement Tool { get; } = Json(
        """
        {"type": "function", "function": {"name": "get_weather", "description": "d", "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "d"}}, "required": ["city"]}}}
        """);

    public static ChatTemplate Create(string source, string? toolSource = null) => new(source, toolSource, _tokens, Rendering.Clock, CpuBudget.Unlimited());

    /// <summary>Loads a template of the conformance data.</summary>
    public static ChatTemplate Load(string name) =>
        Create(File.ReadAllText(Path.Combine(ConformanceData.ChatTemplates, "templates", name + ".jinja")));

    public static string RenderText(this ChatTemplate template, params ChatMessage[] messages) => template.Render(new(messages), CpuBudget.Unlimited()).Text;

    public static ChatMessage Calls(string? content, params ToolCall[] calls) => new("assistant", content) { ToolCalls = calls };

    public static ToolCall Call(string? id, string arguments = """{"city": "Oslo"}""") => new(id, "get_weather", Json(arguments));

    public static ChatMessage Result(string? id, string text) => new("tool", text) { ToolCallId = id, Name = "get_weather" };

    public static JsonElement Json(string text) => JsonElement.Parse(text);
}
