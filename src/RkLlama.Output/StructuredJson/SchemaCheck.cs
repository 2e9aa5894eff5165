using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using RkLlama.Output.Text;

namespace RkLlama.Output.StructuredJson;

/// <summary>Checks one value against a schema, within bounds. Used once.</summary>
internal sealed class SchemaCheck(JsonSchema schema)
{
    /// <summary>For one match of a pattern.</summary>
    internal static readonly TimeSpan PatternTime = TimeSpan.FromMilliseconds(50);

    // A real schema takes some hundred steps for a real answer. Schemas that refer to themselves without getting on reach the depth.
    private const int MostSteps = 100_000;
    private const int MostDepth = 256;
    private const int MostProblems = 5;

    private List<string>? _problems = [];
    private int _steps;
    private int _depth;

    internal IReadOnlyList<string> Check(JsonElement value)
    {
        List<string> problems = _problems!;
        try
        {
            Fits(schema.Root, value, "");
            return problems;
        }
        catch (TooMuchException)
        {
            return ["the schema takes too many steps to check"];
        }
        catch (RegexMatchTimeoutException)
        {
            return ["a pattern of the schema takes too long to match"];
        }
    }

    private bool Fits(JsonElement rule, JsonElement value, string at)
    {
        if (++_steps > MostSteps || _depth >= MostDepth)
            throw new TooMuchException();
        if (rule.ValueKind != JsonValueKind.Object)
            return rule.ValueKind == JsonValueKind.True || Fail(at, "must not be there");

        _depth++;
        bool fits = FitsItself(rule, value, at) & FitsOthers(rule, value, at) & value.ValueKind switch
        {
            JsonValueKind.Object => FitsMembers(rule, value, at),
            JsonValueKind.Array => FitsItems(rule, value, at),
            JsonValueKind.String => FitsText(rule, value.GetString()!, at),
            JsonValueKind.Number => FitsNumber(rule, value.GetDouble(), at),
            _ => true,
        };
        _depth--;
        return fits;
    }

    private bool Fail(string at, string problem)
    {
        if (_problems is { Count: < MostProblems })
            _problems.Add($"{(at.Length == 0 ? "the value" : at)} {problem}");
        return false;
    }

    /// <summary>Whether it fits, without a word about why not.</summary>
    private bool Matches(JsonElement rule, JsonElement value, string at)
    {
        List<string>? problems = _problems;
        _problems = null;
        bool matches = Fits(rule, value, at);
        _problems = problems;
        return matches;
    }

    private bool FitsItself(JsonElement rule, JsonElement value, string at)
    {
        bool fits = true;
        if (rule.TryGetProperty("type", out JsonElement type))
        {
            string[] types = type.ValueKind == JsonValueKind.String ? [type.GetString()!] : [.. type.EnumerateArray().Select(static item => item.GetString()!)];
            bool mayBeNull = rule.TryGetProperty("nullable", out JsonElement nullable) && nullable.ValueKind == JsonValueKind.True;
            if (!types.Any(name => IsOf(name, value)) && !(mayBeNull && value.ValueKind == JsonValueKind.Null))
                fits = Fail(at, $"must be {string.Join(" or ", types)}, but is {NameOf(value)}");
        }

        if (rule.TryGetProperty("enum", out JsonElement all) && !all.EnumerateArray().Any(one => AreEqual(one, value)))
            fits = Fail(at, $"must be one of {all.GetRawText()}");
        if (rule.TryGetProperty("const", out JsonElement constant) && !AreEqual(constant, value))
            fits = Fail(at, $"must be {constant.GetRawText()}");
        return fits;
    }

    private bool FitsOthers(JsonElement rule, JsonElement value, string at)
    {
        bool fits = true;
        if (rule.TryGetProperty("$ref", out JsonElement reference))
            fits &= Fits(schema.Resolve(reference.GetString()!)!.Value, value, at);
        if (rule.TryGetProperty("allOf", out JsonElement all))
        {
            foreach (JsonElement one in all.EnumerateArray())
                fits &= Fits(one, value, at);
        }

        if (rule.TryGetProperty("anyOf", out JsonElement any) && !any.EnumerateArray().Any(one => Matches(one, value, at)))
        {
            // With one alternative, or one that fits by its type, its own words say more.
            JsonElement[] close = [.. any.EnumerateArray().Where(one => FitsType(one, value))];
            fits = close.Length == 1 ? Fits(close[0], value, at) : Fail(at, "fits none of the alternatives in anyOf");
        }

        if (rule.TryGetProperty("oneOf", out JsonElement ofOne) && ofOne.EnumerateArray().Count(one => Matches(one, value, at)) is var count and not 1)
            fits = Fail(at, $"must fit exactly one of the alternatives in oneOf, but fits {count}");
        if (rule.TryGetProperty("not", out JsonElement not) && Matches(not, value, at))
            fits = Fail(at, "is what the schema excludes with not");
        if (rule.TryGetProperty("if", out JsonElement condition)
            && rule.TryGetProperty(Matches(condition, value, at) ? "then" : "else", out JsonElement consequence))
            fits &= Fits(consequence, value, at);
        return fits;
    }

    private bool FitsType(JsonElement rule, JsonElement value)
    {
        for (int hops = 0; hops < MostDepth && rule.ValueKind == JsonValueKind.Object && rule.TryGetProperty("$ref", out JsonElement reference); hops++)
            rule = schema.Resolve(reference.GetString()!)!.Value;
        return rule.ValueKind == JsonValueKind.Object
            && rule.TryGetProperty("type", out JsonElement type)
            && (type.ValueKind == JsonValueKind.String ? IsOf(type.GetString()!, value) : type.EnumerateArray().Any(name => IsOf(name.GetString()!, value)));
    }

    private bool FitsMembers(JsonElement rule, JsonElement value, string at)
    {
        bool fits = FitsCount(rule, value.GetPropertyCount(), "minProperties", "maxProperties", at, "members");
        if (rule.TryGetProperty("required", out JsonElement required))
        {
            foreach (JsonElement name in required.EnumerateArray())
                fits &= value.TryGetProperty(name.GetString()!, out _) || Fail(at, $"lacks the member {name.GetRawText()}");
        }

        bool hasProperties = rule.TryGetProperty("properties", out JsonElement properties);
        JsonProperty[] patterns = rule.TryGetProperty("patternProperties", out JsonElement listed) ? [.. listed.EnumerateObject()] : [];
        bool hasRest = rule.TryGetProperty("additionalProperties", out JsonElement rest);
        bool hasNames = rule.TryGetProperty("propertyNames", out JsonElement names);
        foreach (JsonProperty member in value.EnumerateObject())
        {
            string path = $"{at}/{member.Name}";
            bool isNamed = hasProperties && properties.TryGetProperty(member.Name, out _);
            if (isNamed)
                fits &= Fits(properties.GetProperty(member.Name), member.Value, path);
            foreach (JsonProperty pattern in patterns)
            {
                _steps++;
                if (!schema.Pattern(pattern.Name).IsMatch(member.Name))
                    continue;
                isNamed = true;
                fits &= Fits(pattern.Value, member.Value, path);
            }

            if (!isNamed && hasRest)
                fits &= Fits(rest, member.Value, path);
            if (hasNames)
                fits &= Matches(names, AsJson(member.Name), path) || Fail(path, "has a name that the schema does not allow");
            fits &= FitsDependents(rule, value, member.Name, at);
        }

        return fits;
    }

    private bool FitsDependents(JsonElement rule, JsonElement value, string member, string at)
    {
        bool fits = true;
        if (rule.TryGetProperty("dependentRequired", out JsonElement names) && names.TryGetProperty(member, out JsonElement others))
        {
            foreach (JsonElement other in others.EnumerateArray())
                fits &= value.TryGetProperty(other.GetString()!, out _) || Fail(at, $"lacks the member {other.GetRawText()}, which goes with \"{member}\"");
        }

        if (rule.TryGetProperty("dependentSchemas", out JsonElement schemas) && schemas.TryGetProperty(member, out JsonElement dependent))
            fits &= Fits(dependent, value, at);
        return fits;
    }

    private bool FitsItems(JsonElement rule, JsonElement value, string at)
    {
        bool fits = FitsCount(rule, value.GetArrayLength(), "minItems", "maxItems", at, "items");

        // Before 2020-12 a list of schemas was under items, and the rest under additionalItems.
        bool hasItems = rule.TryGetProperty("items", out JsonElement items);
        bool isOld = hasItems && items.ValueKind == JsonValueKind.Array;
        JsonElement prefix = isOld ? items : rule.TryGetProperty("prefixItems", out JsonElement listed) ? listed : default;
        bool hasRest = isOld ? rule.TryGetProperty("additionalItems", out JsonElement rest) : (rest = items).ValueKind != JsonValueKind.Undefined;
        int prefixed = prefix.ValueKind == JsonValueKind.Array ? prefix.GetArrayLength() : 0;
        int contained = 0;
        bool hasContains = rule.TryGetProperty("contains", out JsonElement contains);
        foreach ((int index, JsonElement item) in value.EnumerateArray().Index())
        {
            string path = $"{at}/{index}";
            if (index < prefixed)
                fits &= Fits(prefix[index], item, path);
            else if (hasRest)
                fits &= Fits(rest, item, path);
            contained += hasContains && Matches(contains, item, path) ? 1 : 0;
        }

        if (hasContains)
            fits &= FitsCount(rule, contained, "minContains", "maxContains", at, "items that the schema asks for", least: 1);
        if (rule.TryGetProperty("uniqueItems", out JsonElement unique) && unique.ValueKind == JsonValueKind.True && HasTwins(value))
            fits = Fail(at, "must not have the same item twice");
        return fits;
    }

    private bool HasTwins(JsonElement list)
    {
        JsonElement[] items = [.. list.EnumerateArray()];
        for (int i = 0; i < items.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (AreEqual(items[i], items[j]))
                    return true;
            }
        }

        return false;
    }

    private bool FitsCount(JsonElement rule, int count, string minimum, string maximum, string at, string what, int least = 0)
    {
        double min = rule.TryGetProperty(minimum, out JsonElement lower) ? lower.GetDouble() : least;
        double max = rule.TryGetProperty(maximum, out JsonElement upper) ? upper.GetDouble() : double.PositiveInfinity;
        if (count < min)
            return Fail(at, $"must have at least {min} {what}, but has {count}");
        return count <= max || Fail(at, $"must have at most {max} {what}, but has {count}");
    }

    private bool FitsText(JsonElement rule, string text, string at)
    {
        bool fits = FitsCount(rule, text.EnumerateRunes().Count(), "minLength", "maxLength", at, "characters");
        if (rule.TryGetProperty("pattern", out JsonElement pattern) && !schema.Pattern(pattern.GetString()!).IsMatch(text))
            fits = Fail(at, $"must match the pattern {pattern.GetRawText()}");
        if (rule.TryGetProperty("format", out JsonElement format) && !IsOfFormat(format.GetString()!, text))
            fits = Fail(at, $"must be of the format {format.GetString()}");
        return fits;
    }

    private bool FitsNumber(JsonElement rule, double number, string at)
    {
        bool fits = true;
        double? min = Bound(rule, "minimum"), max = Bound(rule, "maximum"), above = Bound(rule, "exclusiveMinimum"), below = Bound(rule, "exclusiveMaximum");
        if (number < min || (number == min && IsTrue(rule, "exclusiveMinimum")))
            fits = Fail(at, FormattableString.Invariant($"is below the minimum {min}"));
        if (number > max || (number == max && IsTrue(rule, "exclusiveMaximum")))
            fits = Fail(at, FormattableString.Invariant($"is above the maximum {max}"));
        if (number <= above)
            fits = Fail(at, FormattableString.Invariant($"must be greater than {above}"));
        if (number >= below)
            fits = Fail(at, FormattableString.Invariant($"must be less than {below}"));
        if (Bound(rule, "multipleOf") is { } step && Math.Abs(Math.IEEERemainder(number, step)) > 1e-9 * Math.Max(1, Math.Abs(number)))
            fits = Fail(at, FormattableString.Invariant($"must be a multiple of {step}"));
        return fits;
    }

    private static double? Bound(JsonElement rule, string name) =>
        rule.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static bool IsTrue(JsonElement rule, string name) => rule.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    private static bool IsOf(string type, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => type == "number" || (type == "integer" && value.GetDouble() is var number && number == Math.Floor(number)),
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        _ => type == NameOf(value),
    };

    private static string NameOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.Null => "null",
        _ => "boolean",
    };

    /// <summary>Of the formats that clients' schema builders write; others say nothing.</summary>
    private static bool IsOfFormat(string format, string text) => format switch
    {
        "date-time" => text.Length >= 19 && text[10] is 'T' or 't' or ' ' && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "time" => DateTimeOffset.TryParse($"2000-01-01T{text}", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "email" => text.IndexOf('@') is > 0 and var at && at == text.LastIndexOf('@') && at < text.Length - 1 && !text.Any(char.IsWhiteSpace),
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "ipv4" => IPAddress.TryParse(text, out IPAddress? four) && four.ToString() == text && !text.Contains(':'),
        "ipv6" => text.Contains(':') && IPAddress.TryParse(text, out _),
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _),
        _ => true,
    };

    private bool AreEqual(JsonElement one, JsonElement other)
    {
        if (++_steps > MostSteps)
            throw new TooMuchException();
        return JsonElement.DeepEquals(one, other);
    }

    private static JsonElement AsJson(string text)
    {
        using JsonDocument document = JsonDocument.Parse(CompactJson.Quote(text));
        return document.RootElement.Clone();
    }

    private sealed class TooMuchException : Exception;
}
