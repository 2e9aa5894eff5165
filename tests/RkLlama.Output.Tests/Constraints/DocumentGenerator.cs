using System.Globalization;
using System.Text;
using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.Text;

namespace RkLlama.Output.Tests.Constraints;

/// <summary>Writes random documents that are valid against a schema, for the keywords that the corpus has. Independent of the code under test.</summary>
internal sealed class DocumentGenerator(JsonSchema schema, Random random)
{
    private const string Letters = "abc XYZ09 äß字😀\"\\/\n\t{}[]:,'";

    private readonly StringBuilder _json = new();
    private bool _isSpaced;

    internal string Next()
    {
        _json.Clear();
        _isSpaced = random.Next(2) == 0;
        Write([schema.Root], 0);
        return _json.ToString();
    }

    private void Write(List<JsonElement> given, int depth)
    {
        List<JsonElement> rules = [];
        foreach (JsonElement rule in given)
            Flatten(rule, rules, depth);
        foreach (string keyword in (string[])["const", "enum"])
        {
            foreach (JsonElement rule in rules)
            {
                if (!rule.TryGetProperty(keyword, out JsonElement value))
                    continue;
                _json.Append(JsonText.Minify((keyword == "const" ? value : value[random.Next(value.GetArrayLength())]).GetRawText()));
                return;
            }
        }

        string[]? types = null;
        foreach (JsonElement rule in rules)
        {
            if (!rule.TryGetProperty("type", out JsonElement type))
                continue;
            string[] own = type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(one => one.GetString()!)] : [type.GetString()!];
            types = types is null ? own : [.. types.Where(one => own.Contains(one) || (one == "integer" && own.Contains("number")))];
        }

        types ??= rules.Exists(rule => rule.TryGetProperty("properties", out _)) ? ["object"] : depth > 3 ? ["string"] : ["string", "integer", "object", "array", "null", "boolean"];
        switch (types[random.Next(types.Length)])
        {
            case "object":
                WriteObject(rules, depth);
                break;
            case "array":
                WriteArray(rules, depth);
                break;
            case "string":
                WriteString(rules);
                break;
            case "integer":
                _json.Append(Math.Round(Between(rules, -1000, 100_000)).ToString(CultureInfo.InvariantCulture));
                break;
            case "number":
                _json.Append(Math.Round(Between(rules, -10, 10), random.Next(4)).ToString(CultureInfo.InvariantCulture));
                break;
            case "boolean":
                _json.Append(random.Next(2) == 0 ? "true" : "false");
                break;
            default:
                _json.Append("null");
                break;
        }
    }

    private void Flatten(JsonElement rule, List<JsonElement> rules, int depth)
    {
        if (rule.ValueKind != JsonValueKind.Object)
            return;
        rules.Add(rule);
        if (rule.TryGetProperty("$ref", out JsonElement reference))
            Flatten(schema.Resolve(reference.GetString()!), rules, depth);
        if (rule.TryGetProperty("allOf", out JsonElement all))
        {
            foreach (JsonElement one in all.EnumerateArray())
                Flatten(one, rules, depth);
        }

        // Deep in a document, the last alternative ends the recursion.
        foreach (string keyword in (string[])["anyOf", "oneOf"])
        {
            if (rule.TryGetProperty(keyword, out JsonElement alternatives))
                Flatten(alternatives[depth > 6 ? alternatives.GetArrayLength() - 1 : random.Next(alternatives.GetArrayLength())], rules, depth);
        }
    }

    private void WriteObject(List<JsonElement> rules, int depth)
    {
        HashSet<string> required = [.. rules.SelectMany(rule => rule.TryGetProperty("required", out JsonElement names) ? names.EnumerateArray().Select(name => name.GetString()!) : [])];
        Dictionary<string, List<JsonElement>> members = [];
        foreach (JsonElement rule in rules)
        {
            foreach (JsonProperty property in rule.TryGetProperty("properties", out JsonElement properties) ? properties.EnumerateObject() : default)
            {
                if (!members.TryGetValue(property.Name, out List<JsonElement>? own))
                    members[property.Name] = own = [];
                own.Add(property.Value);
            }
        }

        List<string> names = [.. members.Keys.Where(name => required.Contains(name) || (depth < 6 && random.Next(3) > 0))];
        if (random.Next(3) == 0)
            names = [.. names.Shuffle()];
        List<JsonElement> rest = [.. rules.Where(rule => rule.TryGetProperty("additionalProperties", out _)).Select(rule => rule.GetProperty("additionalProperties"))];
        bool isOpen = !rest.Exists(one => one.ValueKind == JsonValueKind.False);
        int min = rules.Select(rule => rule.TryGetProperty("minProperties", out JsonElement count) ? count.GetInt32() : 0).DefaultIfEmpty(0).Max();
        int extra = !isOpen || depth > 3 ? 0 : names.Count < min ? min - names.Count : members.Count == 0 ? random.Next(3) : random.Next(4) == 0 ? 1 : 0;
        for (int i = 0; i < extra; i++)
            names.Add($"extra {(char)('a' + i)}\"ü");
        _json.Append('{');
        foreach ((int index, string name) in names.Index())
        {
            _json.Append(index > 0 ? "," : "").Append(Space(depth)).Append(JsonText.Quote(name)).Append(_isSpaced ? ": " : ":");
            Write(members.TryGetValue(name, out List<JsonElement>? own) ? own : [.. rest], depth + 1);
        }

        _json.Append(names.Count > 0 ? Space(depth - 1) : "").Append('}');
    }

    private void WriteArray(List<JsonElement> rules, int depth)
    {
        int min = rules.Select(rule => rule.TryGetProperty("minItems", out JsonElement count) ? count.GetInt32() : 0).DefaultIfEmpty(0).Max();
        int max = rules.Select(rule => rule.TryGetProperty("maxItems", out JsonElement count) ? count.GetInt32() : min + 3).DefaultIfEmpty(3).Min();
        List<JsonElement> prefix = [.. rules.SelectMany(rule => rule.TryGetProperty("prefixItems", out JsonElement items) ? items.EnumerateArray() : default)];
        List<JsonElement> others = [.. rules.Where(rule => rule.TryGetProperty("items", out _)).Select(rule => rule.GetProperty("items"))];
        if (others.Exists(one => one.ValueKind == JsonValueKind.False))
            max = Math.Min(max, prefix.Count);
        int length = depth > 5 ? min : random.Next(min, Math.Max(min, max) + 1);
        _json.Append('[');
        for (int i = 0; i < length; i++)
        {
            _json.Append(i > 0 ? "," : "").Append(Space(depth));
            Write(i < prefix.Count ? [prefix[i]] : others, depth + 1);
        }

        _json.Append(length > 0 ? Space(depth - 1) : "").Append(']');
    }

    private void WriteString(List<JsonElement> rules)
    {
        int min = rules.Select(rule => rule.TryGetProperty("minLength", out JsonElement count) ? count.GetInt32() : 0).DefaultIfEmpty(0).Max();
        int max = rules.Select(rule => rule.TryGetProperty("maxLength", out JsonElement count) ? count.GetInt32() : min + 20).DefaultIfEmpty(3).Min();
        Rune[] letters = [.. Letters.EnumerateRunes()];
        string text = string.Concat(Enumerable.Range(0, random.Next(min, max + 1)).Select(_ => letters[random.Next(letters.Length)].ToString()));
        _json.Append(random.Next(4) == 0 ? $"\"{JsonEncodedText.Encode(text)}\"" : JsonText.Quote(text));
    }

    private double Between(List<JsonElement> rules, double low, double high)
    {
        foreach (JsonElement rule in rules)
        {
            low = rule.TryGetProperty("minimum", out JsonElement min) ? min.GetDouble() : rule.TryGetProperty("exclusiveMinimum", out min) ? min.GetDouble() + 1 : low;
            high = rule.TryGetProperty("maximum", out JsonElement max) ? max.GetDouble() : rule.TryGetProperty("exclusiveMaximum", out max) ? max.GetDouble() - 1 : high;
        }

        (low, high) = (Math.Max(low, -1e6), Math.Min(high, 1e6));
        return low + (random.NextDouble() * (high - low));
    }

    private string Space(int depth) => _isSpaced ? "\n" + new string(' ', 2 * (depth + 1)) : "";
}
