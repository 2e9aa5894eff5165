using System.Text;
using System.Text.Json;

namespace RkLlama.Attack.Attacks;

/// <summary>JSON schemas that are expensive to parse or to check.</summary>
internal static class SchemaAttacks
{
    private const int Clients = 20;

    // The answers of the model: JSON that the patterns almost match (with backtracking, the time doubles with each letter), and JSON that must be repaired.
    private static readonly string[] Almost = [.. ((int[])[14, 18, 40]).Select(length => $$"""!echo {"a":"{{new string('a', length)}}!"}""")];
    private static readonly string Damaged = $$"""!echo {"a":"{{new string('a', 40)}}!",'b':[{{string.Join(',', Enumerable.Repeat("{c:1", 30))}}""";

    internal static IEnumerable<Attack> All =>
    [
        new("schema: five levels of nine references", context => AskAsync(context, Tree())),
        new("schema: catastrophic patterns", context => AskAsync(context, Patterns("^(a+)+$"), Patterns("^(a|aa)+$"), Patterns("^(.*?,){30}P$"), Patterns("(?=(a+))a*b\\\\1"), Patterns("(((a{0,9}){0,9}){0,7})b"), Patterns("(.{0,5}a){60}c"))),
        new("schema: recursion without end", context => AskAsync(
            context, """{"$ref":"#"}""", """{"allOf":[{"$ref":"#"},{"$ref":"#"}]}""", """{"properties":{"a":{"$ref":"#/properties/b"},"b":{"$ref":"#/properties/a"}}}""")),
        new("schema: enum of 200,000 values", context => AskAsync(context, $"{{\"enum\":[{string.Join(',', Enumerable.Range(0, 200_000).Select(number => $"\"v{number}\""))}]}}")),
        new("schema: long names", context => AskAsync(context, LongNames())),
        new("schema: response_format of 1 MiB", context => AskAsync(context, Large())),
    ];

    /// <summary>59,049 ways to a pattern that takes long.</summary>
    private static string Tree()
    {
        StringBuilder definitions = new("""{"l0":{"type":"string","pattern":"^(a+)+$"}""");
        for (int level = 1; level <= 5; level++)
        {
            string references = string.Join(',', Enumerable.Repeat($$"""{"$ref":"#/$defs/l{{level - 1}}"}""", 9));
            definitions.Append($$""","l{{level}}":{"anyOf":[{{references}}]}""");
        }

        return $$$"""{"$defs":{{{definitions}}} },"type":"object","properties":{"a":{"$ref":"#/$defs/l5"}},"required":["a"]}""";
    }

    private static string Patterns(string pattern)
    {
        string all = string.Join(',', Enumerable.Repeat($$"""{"pattern":"{{pattern}}"}""", 50));
        return $$$"""{"type":"object","properties":{"a":{"anyOf":[{{{all}}}]}},"patternProperties":{"{{{pattern}}}":{"type":"number"} } }""";
    }

    private static string Large() =>
        $"{{\"type\":\"object\",\"properties\":{{{string.Join(',', Enumerable.Range(0, 15_000).Select(number => $"\"p{number}\":{{\"type\":\"string\",\"description\":\"a long text\"}}"))}}}}}";

    /// <summary>20,000 subschemas below a member whose name has 1,000,000 characters.</summary>
    private static string LongNames()
    {
        string members = string.Join(',', Enumerable.Range(0, 20_000).Select(number => $"\"{number}\":{{}}"));
        return $$$"""{"type":"object","properties":{"{{{new string('n', 1_000_000)}}}":{"properties":{ {{{members}}} } } } }""";
    }

    private static Task AskAsync(AttackContext context, params string[] schemas)
    {
        List<byte[]> requests = [];
        foreach (string schema in schemas)
        {
            foreach (string message in (string[])[.. Almost, Damaged])
            {
                string messages = $"\"messages\":[{{\"role\":\"user\",\"content\":\"{JsonEncodedText.Encode(message)}\"}}]";
                requests.Add(Post("/v1/chat/completions", $$$"""{"model":"demo",{{{messages}}},"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{{{schema}}} } } }"""));
                requests.Add(Post("/api/chat", $$"""{"model":"demo",{{messages}},"stream":false,"format":{{schema}}}"""));
            }
        }

        return context.LoopAsync(Clients, client => context.AskAsync(requests[client % requests.Count], Expected.Any));
    }

    private static byte[] Post(string path, string body) => RawClient.Request("POST", path, Encoding.UTF8.GetBytes(body));
}
