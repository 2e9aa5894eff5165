using System.Text.Json;

namespace RkLlama.Prompts.Tests.Jinja;

/// <summary>The corners of the language: small templates with the results of jinja2 (semantics.json, made by make_semantics.py).</summary>
public sealed class SemanticsTests
{
    private static readonly Lazy<JsonDocument> _cases = new(() =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Jinja", "semantics.json"))));

    // No chat template needs these; each line says what it is about.
    private static readonly HashSet<string> _knownDifferences =
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Jinja", "known-differences.txt"))
            .Where(line => !line.StartsWith('#')).Select(line => line.Split(' ')[0])];

    /// <summary>The part of an id before its first dash names a group of cases.</summary>
    public static TheoryData<string> Groups => [.. _cases.Value.RootElement.EnumerateArray().Select(GroupOf).Distinct()];

    [Theory]
    [MemberData(nameof(Groups))]
    public void Small_templates_render_as_jinja2_renders_them(string group)
    {
        List<string> differences = [];
        foreach (JsonElement example in _cases.Value.RootElement.EnumerateArray().Where(example => GroupOf(example) == group))
        {
            string template = example.GetProperty("template").GetString()!;
            string? expected = example.TryGetProperty("expected", out JsonElement text) ? text.GetString() : null;
            string? rendered = Rendering.TryRender(template, example.GetProperty("data"), out string? error);
            string id = example.GetProperty("id").GetString()!;
            if (rendered != expected != _knownDifferences.Contains(id))
            {
                differences.Add($"{id}: {JsonEncodedText.Encode(template)}\n  gives {Show(rendered)} ({error})\n  not   {Show(expected)}");
            }
        }

        string.Join('\n', differences).Should().BeEmpty();
    }

    private static string Show(string? text) => text is null ? "an error" : $"\"{JsonEncodedText.Encode(text)}\"";

    private static string GroupOf(JsonElement example)
    {
        string id = example.GetProperty("id").GetString()!;
        return id.Split('-', '.', '_')[0];
    }
}
