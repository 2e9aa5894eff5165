using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.Text;

namespace RkLlama.Output.Constraints;

/// <summary>
/// Compiles a JSON schema to nodes. A value that the nodes refuse is not valid against the schema, except that numbers must be written in the usual way and
/// listed values without white space. A value that they accept may still violate keywords that <see cref="SchemaCoverage"/> does not list as covered. Not
/// thread-safe: the nodes compile their parts when a document reaches them.
/// </summary>
internal sealed class SchemaCompiler(JsonSchema schema)
{
    // Schemas that hold for the same value, with those that they refer to and combine.
    private const int MaxRules = 64;

    // Alternatives inside of alternatives for the same value. A schema that refers to itself without a document in between has no end.
    private const int MaxNesting = 16;
    private const int MaxAlternatives = 128;

    // Alternatives of several keywords for the same value multiply.
    private const int MaxCompiled = 4096;

    private int _compiled;
    private readonly Dictionary<string, ValueNode> _references = new(StringComparer.Ordinal);

    /// <summary>Whether the schema has too many alternatives, so that a part of it accepts any value.</summary>
    internal bool IsExhausted { get; private set; }

    internal ValueNode Compile() => Compile([new(schema.Root)], 0);

    private ValueNode Compile(IReadOnlyList<Rule> given, int nesting)
    {
        // The same reference is compiled once, so that a list of such values does not need nodes for each item.
        string? name = given is [var single] && SchemaTypes.OnlyReference(single.Schema) is { } reference ? reference : null;
        if (name is not null && _references.TryGetValue(name, out ValueNode? known))
            return known;
        ValueNode node = CompileRules(given, nesting);
        if (name is not null)
            _references[name] = node;
        return node;
    }

    private ValueNode CompileRules(IReadOnlyList<Rule> given, int nesting)
    {
        if (nesting > MaxNesting)
            return ValueNode.None;
        if (++_compiled > MaxCompiled)
        {
            IsExhausted = true;
            return ValueNode.Any;
        }

        List<Rule> rules = [];
        foreach (Rule rule in given)
        {
            if (!Flatten(rule, rules))
                return ValueNode.None;
        }

        for (int i = 0; i < rules.Count; i++)
        {
            foreach (string keyword in (string[])["anyOf", "oneOf"])
            {
                if (rules[i].Schema.TryGetProperty(keyword, out JsonElement alternatives) && !rules[i].IsDone(keyword) && alternatives.GetArrayLength() <= MaxAlternatives)
                {
                    Rule[] others = [.. rules[..i], rules[i].With(keyword), .. rules[(i + 1)..]];
                    return Union([.. alternatives.EnumerateArray().Select(one => Compile([.. others, new(one)], nesting + 1))]);
                }
            }
        }

        return rules.Count == 0 ? ValueNode.Any : CompileFlat([.. rules.Select(static rule => rule.Schema)]);
    }

    /// <summary>Adds a schema and those that hold together with it. Returns whether any value is allowed.</summary>
    private bool Flatten(Rule rule, List<Rule> rules)
    {
        if (rule.Schema.ValueKind == JsonValueKind.False)
            return false;
        if (rule.Schema.ValueKind != JsonValueKind.Object || rules.Count >= MaxRules)
            return true;
        rules.Add(rule with { IsFlat = true });
        if (rule.IsFlat)
            return true;
        if (rule.Schema.TryGetProperty("$ref", out JsonElement reference) && !FlattenReference(reference.GetString()!, rules))
            return false;
        return !rule.Schema.TryGetProperty("allOf", out JsonElement all) || all.EnumerateArray().All(one => Flatten(new(one), rules));
    }

    private bool FlattenReference(string reference, List<Rule> rules)
    {
        // An alternative that refers to the schema whose alternative it is adds nothing.
        int known = rules.FindIndex(rule => rule.Reference == reference);
        return known >= 0 ? rules[known] is { HasAnyOf: false, HasOneOf: false } : Flatten(new(schema.Resolve(reference)) { Reference = reference }, rules);
    }

    private static ValueNode Union(IReadOnlyList<ValueNode> nodes)
    {
        ValueNode[] possible = [.. nodes.Where(static node => node is not UnionNode { Alternatives.Count: 0 })];
        return possible is [var only] ? only : new UnionNode(possible);
    }

    private ValueNode CompileFlat(JsonElement[] rules)
    {
        JsonTypes types = SchemaTypes.AllowedBy(rules);
        if (SchemaTypes.ValuesOf(rules, types) is { } values)
            return values.Length > 0 ? new LiteralNode(values) : ValueNode.None;
        List<ValueNode> nodes = [];
        if (types.HasFlag(JsonTypes.Object))
            nodes.Add(CompileObject(rules));
        if (types.HasFlag(JsonTypes.Array))
            nodes.Add(CompileArray(rules));
        if (types.HasFlag(JsonTypes.String))
        {
            int min = SchemaTypes.Bound(rules, "minLength", 0, Math.Max), max = SchemaTypes.Bound(rules, "maxLength", int.MaxValue, Math.Min);
            nodes.Add(new StringNode(min, max < int.MaxValue ? max : Math.Max(min, StringNode.DefaultMaxLength)));
        }

        if (types.HasFlag(JsonTypes.Number) || types.HasFlag(JsonTypes.Integer))
            nodes.Add(CompileNumber(rules, !types.HasFlag(JsonTypes.Number)));
        string[] words = [.. Words(types)];
        if (words.Length > 0)
            nodes.Add(new LiteralNode(words));
        return Union(nodes);
    }

    private static IEnumerable<string> Words(JsonTypes types) =>
        (types.HasFlag(JsonTypes.Boolean) ? (string[])["true", "false"] : []).Concat(types.HasFlag(JsonTypes.Null) ? ["null"] : []);

    private static NumberNode CompileNumber(JsonElement[] rules, bool isInteger)
    {
        // In draft 4, an exclusive bound is a boolean beside the bound. If the bound itself is not allowed, the closest number is.
        double min = double.NegativeInfinity, max = double.PositiveInfinity;
        foreach (JsonElement rule in rules)
        {
            double low = SchemaTypes.Bound(rule, "minimum") ?? min, high = SchemaTypes.Bound(rule, "maximum") ?? max;
            min = Math.Max(min, SchemaTypes.IsTrue(rule, "exclusiveMinimum") ? Math.BitIncrement(low) : low);
            max = Math.Min(max, SchemaTypes.IsTrue(rule, "exclusiveMaximum") ? Math.BitDecrement(high) : high);
            min = SchemaTypes.Bound(rule, "exclusiveMinimum") is { } above ? Math.Max(min, Math.BitIncrement(above)) : min;
            max = SchemaTypes.Bound(rule, "exclusiveMaximum") is { } below ? Math.Min(max, Math.BitDecrement(below)) : max;
        }

        return new(isInteger, min, max);
    }

    private ObjectNode CompileObject(JsonElement[] rules)
    {
        string[] names =
        [
            .. rules.SelectMany(static rule => rule.TryGetProperty("properties", out JsonElement properties) ? properties.EnumerateObject().Select(static one => one.Name) : [])
                .Concat(rules.SelectMany(SchemaTypes.Required)).Distinct(),
        ];
        HashSet<string> required = [.. rules.SelectMany(SchemaTypes.Required)];
        List<MemberNode> members = [];
        foreach (string name in names)
        {
            Rule[] own = [.. rules.SelectMany(rule => MemberRules(rule, name)).Select(static one => new Rule(one))];
            if (!own.Any(static rule => rule.Schema.ValueKind == JsonValueKind.False))
                members.Add(new(JsonText.Quote(name)[1..^1], required.Contains(name), new(() => own.Length == 0 ? ValueNode.Any : Compile(own, 0), isThreadSafe: false)));
        }

        Rule[] rest =
        [
            .. rules.Where(static rule => !rule.TryGetProperty("patternProperties", out _) && rule.TryGetProperty("additionalProperties", out _))
                .Select(static rule => new Rule(rule.GetProperty("additionalProperties"))),
        ];
        return new(
            members,
            rest.Any(static rule => rule.Schema.ValueKind == JsonValueKind.False) ? null : new(() => rest.Length == 0 ? ValueNode.Any : Compile(rest, 0), isThreadSafe: false),
            SchemaTypes.Bound(rules, "minProperties", 0, Math.Max),
            SchemaTypes.Bound(rules, "maxProperties", int.MaxValue, Math.Min));
    }

    /// <summary>Returns the schemas for a member of an object in one of the schemas of this object.</summary>
    private static IEnumerable<JsonElement> MemberRules(JsonElement rule, string name)
    {
        if (rule.TryGetProperty("properties", out JsonElement properties) && properties.TryGetProperty(name, out JsonElement own))
            return [own];
        return !rule.TryGetProperty("patternProperties", out _) && rule.TryGetProperty("additionalProperties", out JsonElement rest) ? [rest] : [];
    }

    private ArrayNode CompileArray(JsonElement[] rules)
    {
        int prefix = rules.Max(rule => SchemaTypes.Items(rule).Prefix.Count);
        ValueNode?[] nodes = new ValueNode?[prefix + 1];
        int max = SchemaTypes.Bound(rules, "maxItems", int.MaxValue, Math.Min);
        for (int i = 0; i <= prefix; i++)
        {
            if (RulesAt(i).Any(static rule => rule.Schema.ValueKind == JsonValueKind.False))
            {
                max = Math.Min(max, i);
                break;
            }
        }

        return new(index => nodes[Math.Min(index, prefix)] ??= RulesAt(index) is { Length: > 0 } own ? Compile(own, 0) : ValueNode.Any,
            SchemaTypes.Bound(rules, "minItems", 0, Math.Max),
            max);

        Rule[] RulesAt(int index) => [.. rules.Select(rule => SchemaTypes.ItemAt(rule, index)).OfType<JsonElement>().Select(static one => new Rule(one))];
    }

    /// <summary>A schema, and its keywords that have been compiled.</summary>
    private readonly record struct Rule(JsonElement Schema, bool HasAnyOf = false, bool HasOneOf = false)
    {
        /// <summary>Whether the schemas that hold together with this one are in the list, too.</summary>
        internal bool IsFlat { get; init; }

        /// <summary>The reference that leads to the schema; <see langword="null"/> for none.</summary>
        internal string? Reference { get; init; }

        internal bool IsDone(string keyword) => keyword == "anyOf" ? HasAnyOf : HasOneOf;

        internal Rule With(string keyword) => keyword == "anyOf" ? this with { HasAnyOf = true } : this with { HasOneOf = true };
    }
}
