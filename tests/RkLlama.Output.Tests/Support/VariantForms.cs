using System.Text.Json;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests.Support;

/// <summary>The tools that the tests of unusual forms offer, and parts of these forms. ⏎ is a line break.</summary>
internal static class VariantForms
{
    internal const string City = """{"name": "get_weather", "arguments": {"city": "Oslo"}}""";

    internal static OutputPipelineSettings Settings { get; } = new()
    {
        Tools = ToolFamilies.Unknown,
        ToolNames = new HashSet<string> { "get_weather", "ping", "set_light" },
        ToolSchemas = new Dictionary<string, JsonElement>
        {
            ["get_weather"] = Schema("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""),
            ["ping"] = Schema("""{"type":"object","properties":{}}"""),
            ["set_light"] = Schema("""{"type":"object","properties":{"room":{"type":"string"},"on":{"type":"boolean"},"opts":{"type":"object"}}}"""),
        },
    };

    private static JsonElement Schema(string json) => JsonDocument.Parse(json).RootElement;

    internal static string Answer(string form) => form.Replace('⏎', '\n');
}
