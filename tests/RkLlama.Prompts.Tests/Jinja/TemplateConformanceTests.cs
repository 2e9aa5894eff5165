using System.Text.Json;
using RkLlama.Prompts.Tests.Support;

namespace RkLlama.Prompts.Tests.Jinja;

/// <summary>Compares renderings of chat templates with those of Python's jinja2.</summary>
public sealed class TemplateConformanceTests
{
    private const int MaxReported = 10;

    private static readonly Lazy<JsonDocument> _cases = new(() => Read("cases.json"));

    private static readonly Lazy<JsonDocument> _expected = new(() => Read("expected.json"));

    public static TheoryData<string> TemplateNames => [.. ConformanceData.TemplateNames];

    [TemplateConformance]
    [MemberData(nameof(TemplateNames))]
    public void Chat_templates_render_as_in_jinja2(string name)
    {
        string source = File.ReadAllText(Path.Combine(ConformanceData.ChatTemplates, "templates", name + ".jinja"));
        JsonElement expected = Expected(name);

        List<string> differences = [];
        int compared = 0;
        foreach (JsonElement conversation in _cases.Value.RootElement.EnumerateArray())
        {
            string id = conversation.GetProperty("id").GetString()!;
            if (!expected.TryGetProperty(id, out JsonElement wanted))
                continue;
            compared++;
            string? text = Rendering.TryRender(source, conversation.GetProperty("data"), out string? error);
            string? wantedText = wanted.ValueKind == JsonValueKind.String ? wanted.GetString() : null;
            if (text != wantedText)
                differences.Add($"{id}: {text ?? "raised " + error}\n--- not\n{wantedText ?? wanted.GetRawText()}");
        }

        compared.Should().BePositive();
        differences.Take(MaxReported).Should().BeEmpty("{0} of {1} conversations differ", differences.Count, compared);
    }

    // The file may name templates with or without extension.
    private static JsonElement Expected(string name) =>
        _expected.Value.RootElement.TryGetProperty(name, out JsonElement found)
            ? found
            : _expected.Value.RootElement.GetProperty(name + ".jinja");

    private static JsonDocument Read(string file) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(ConformanceData.ChatTemplates, file)));
}
