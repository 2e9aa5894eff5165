using System.Text.Json;
using RkLlama.Output.Text;
using RkLlama.Prompts;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// Validates one value against a schema, within the limits of <see cref="ValidationBudget"/>. One instance per validation.
/// </summary>
internal sealed class JsonSchemaValidator
{
    private readonly JsonSchema _schema;
    private readonly ValidationBudget _budget;
    private readonly ValidationProblems _problems = new();
    private readonly SchemaAssertions _assertions;

    internal JsonSchemaValidator(JsonSchema schema, CpuBudget cpu)
    {
        _schema = schema;
        _budget = new(cpu);
        _assertions = new(schema, _budget, _problems);
    }

    /// <returns>One text for each problem of the value, at most five; empty if the value is valid.</returns>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    internal IReadOnlyList<string> Validate(JsonElement value)
    {
        if (JsonLimits.IsTooDeep(value))
            return [$"the value nests deeper than {JsonLimits.MaxDepth} levels"];
        try
        {
            Check(_schema.Root, value);
            return _problems.Texts;
        }
        catch (ValidationLimitException ex)
        {
            return [ex.Message];
        }
    }

    private bool Check(JsonElement rule, JsonElement value)
    {
        _budget.Enter();
        bool isValid = rule.ValueKind == JsonValueKind.Object
            ? CheckKeywords(rule, value)
            : rule.ValueKind == JsonValueKind.True || _problems.Add("must not be there");
        _budget.Leave();
        return isValid;
    }

    private bool CheckKeywords(JsonElement rule, JsonElement value) =>
        _assertions.CheckValue(rule, value) & CheckCombinations(rule, value) & value.ValueKind switch
        {
            JsonValueKind.Object => CheckObject(rule, value),
            JsonValueKind.Array => CheckArray(rule, value),
            JsonValueKind.String => _assertions.CheckString(rule, value.GetString()!),
            JsonValueKind.Number => _assertions.CheckNumber(rule, value.GetDouble()),
            _ => true,
        };

    /// <summary>Returns whether the value is valid, without recording problems.</summary>
    private bool Matches(JsonElement rule, JsonElement value)
    {
        bool wasMuted = _problems.IsMuted;
        _problems.IsMuted = true;
        bool matches = Check(rule, value);
        _problems.IsMuted = wasMuted;
        return matches;
    }

    /// <summary>Checks the keywords $ref, allOf, anyOf, oneOf, not, if, then and else.</summary>
    private bool CheckCombinations(JsonElement rule, JsonElement value)
    {
        bool isValid = true;
        if (rule.TryGetProperty("$ref", out JsonElement reference))
            isValid &= Check(_schema.Resolve(reference.GetString()!), value);
        if (rule.TryGetProperty("allOf", out JsonElement all))
        {
            foreach (JsonElement one in all.EnumerateArray())
                isValid &= Check(one, value);
        }

        if (rule.TryGetProperty("anyOf", out JsonElement any) && !any.EnumerateArray().Any(one => Matches(one, value)))
        {
            // If exactly one alternative allows the type of the value, the problems of this alternative are more helpful than one problem of anyOf.
            JsonElement[] close = [.. any.EnumerateArray().Where(one => _assertions.AllowsType(one, value))];
            isValid = close.Length == 1 ? Check(close[0], value) : _problems.Add("fits none of the alternatives in anyOf");
        }

        if (rule.TryGetProperty("oneOf", out JsonElement exactlyOne) && exactlyOne.EnumerateArray().Count(one => Matches(one, value)) is var count and not 1)
            isValid = _problems.Add($"must fit exactly one of the alternatives in oneOf, but fits {count}");
        if (rule.TryGetProperty("not", out JsonElement not) && Matches(not, value))
            isValid = _problems.Add("is what the schema excludes with not");
        if (rule.TryGetProperty("if", out JsonElement condition)
            && rule.TryGetProperty(Matches(condition, value) ? "then" : "else", out JsonElement consequence))
            isValid &= Check(consequence, value);
        return isValid;
    }

    private bool CheckObject(JsonElement rule, JsonElement value)
    {
        bool isValid = _assertions.CheckCount(rule, value.GetPropertyCount(), "minProperties", "maxProperties", "members");
        if (rule.TryGetProperty("required", out JsonElement required))
        {
            foreach (JsonElement name in required.EnumerateArray())
            {
                _budget.Step();
                isValid &= value.TryGetProperty(name.GetString()!, out _) || _problems.Add($"lacks the member {name.GetRawText()}");
            }
        }

        bool hasProperties = rule.TryGetProperty("properties", out JsonElement properties);
        JsonProperty[] patterns = rule.TryGetProperty("patternProperties", out JsonElement listed) ? [.. listed.EnumerateObject()] : [];
        bool hasRest = rule.TryGetProperty("additionalProperties", out JsonElement rest);
        bool hasNames = rule.TryGetProperty("propertyNames", out JsonElement names);
        foreach (JsonProperty member in value.EnumerateObject())
        {
            _problems.At.Enter(member.Name);
            bool isKnown = false;
            if (hasProperties && properties.TryGetProperty(member.Name, out JsonElement property))
            {
                isKnown = true;
                isValid &= Check(property, member.Value);
            }

            foreach (JsonProperty pattern in patterns)
            {
                if (!_budget.IsMatch(_schema.Pattern(pattern.Name), member.Name))
                    continue;
                isKnown = true;
                isValid &= Check(pattern.Value, member.Value);
            }

            if (!isKnown && hasRest)
                isValid &= Check(rest, member.Value);
            if (hasNames)
                isValid &= Matches(names, StringElement(member.Name)) || _problems.Add("has a name that the schema does not allow");
            _problems.At.Leave();
            isValid &= CheckDependents(rule, value, member.Name);
        }

        return isValid;
    }

    private bool CheckDependents(JsonElement rule, JsonElement value, string member)
    {
        bool isValid = true;
        if (rule.TryGetProperty("dependentRequired", out JsonElement names) && names.TryGetProperty(member, out JsonElement others))
        {
            foreach (JsonElement other in others.EnumerateArray())
                isValid &= value.TryGetProperty(other.GetString()!, out _) || _problems.Add($"lacks the member {other.GetRawText()}, which goes with \"{member}\"");
        }

        if (rule.TryGetProperty("dependentSchemas", out JsonElement schemas) && schemas.TryGetProperty(member, out JsonElement dependent))
            isValid &= Check(dependent, value);
        return isValid;
    }

    private bool CheckArray(JsonElement rule, JsonElement value)
    {
        bool isValid = _assertions.CheckCount(rule, value.GetArrayLength(), "minItems", "maxItems", "items");

        // Before draft 2020-12, items could be a list of schemas, and additionalItems was the schema of the other items.
        bool hasItems = rule.TryGetProperty("items", out JsonElement items);
        bool isOldForm = hasItems && items.ValueKind == JsonValueKind.Array;
        JsonElement prefix = isOldForm ? items : rule.TryGetProperty("prefixItems", out JsonElement listed) ? listed : default;
        bool hasRest = isOldForm ? rule.TryGetProperty("additionalItems", out JsonElement rest) : (rest = items).ValueKind != JsonValueKind.Undefined;
        int prefixLength = prefix.ValueKind == JsonValueKind.Array ? prefix.GetArrayLength() : 0;
        int containedCount = 0;
        bool hasContains = rule.TryGetProperty("contains", out JsonElement contains);
        foreach ((int index, JsonElement item) in value.EnumerateArray().Index())
        {
            _problems.At.Enter(index);
            if (index < prefixLength)
                isValid &= Check(prefix[index], item);
            else if (hasRest)
                isValid &= Check(rest, item);
            containedCount += hasContains && Matches(contains, item) ? 1 : 0;
            _problems.At.Leave();
        }

        if (hasContains)
            isValid &= _assertions.CheckCount(rule, containedCount, "minContains", "maxContains", "items that the schema asks for", defaultMinimum: 1);
        return isValid & _assertions.CheckUniqueItems(rule, value);
    }

    private static JsonElement StringElement(string text)
    {
        using JsonDocument document = JsonDocument.Parse(JsonText.Quote(text));
        return document.RootElement.Clone();
    }
}
