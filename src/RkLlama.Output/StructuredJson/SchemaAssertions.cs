using System.Text.Json;
using RkLlama.Output.Text;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// Checks a value against the keywords that do not contain other schemas. A failed check adds a problem. Used by <see cref="JsonSchemaValidator"/>.
/// </summary>
internal sealed class SchemaAssertions(JsonSchema schema, ValidationBudget budget, ValidationProblems problems)
{
    /// <summary>Checks the keywords type, enum and const.</summary>
    internal bool CheckValue(JsonElement rule, JsonElement value)
    {
        bool isValid = true;
        if (rule.TryGetProperty("type", out JsonElement type))
        {
            string[] types = type.ValueKind == JsonValueKind.String ? [type.GetString()!] : [.. type.EnumerateArray().Select(static item => item.GetString()!)];
            bool mayBeNull = IsTrue(rule, "nullable");
            if (!types.Any(name => IsOfType(name, value)) && !(mayBeNull && value.ValueKind == JsonValueKind.Null))
                isValid = problems.Add($"must be {string.Join(" or ", types)}, but is {JsonText.TypeName(value.ValueKind)}");
        }

        if (rule.TryGetProperty("enum", out JsonElement allowed) && !allowed.EnumerateArray().Any(one => AreEqual(one, value)))
            isValid = problems.Add($"must be one of {allowed.GetRawText()}");
        if (rule.TryGetProperty("const", out JsonElement constant) && !AreEqual(constant, value))
            isValid = problems.Add($"must be {constant.GetRawText()}");
        return isValid;
    }

    /// <summary>
    /// Returns whether the schema's keyword <c>type</c> allows the value. Follows <c>$ref</c>. False if the schema has no <c>type</c>. Adds no problem.
    /// </summary>
    internal bool AllowsType(JsonElement rule, JsonElement value)
    {
        for (int hops = 0; hops < ValidationBudget.MaxDepth && rule.ValueKind == JsonValueKind.Object && rule.TryGetProperty("$ref", out JsonElement reference); hops++)
            rule = schema.Resolve(reference.GetString()!);
        return rule.ValueKind == JsonValueKind.Object
            && rule.TryGetProperty("type", out JsonElement type)
            && (type.ValueKind == JsonValueKind.String ? IsOfType(type.GetString()!, value) : type.EnumerateArray().Any(name => IsOfType(name.GetString()!, value)));
    }

    internal bool CheckString(JsonElement rule, string text)
    {
        bool isValid = CheckCount(rule, text.EnumerateRunes().Count(), "minLength", "maxLength", "characters");
        if (rule.TryGetProperty("pattern", out JsonElement pattern) && !budget.IsMatch(schema.Pattern(pattern.GetString()!), text))
            isValid = problems.Add($"must match the pattern {pattern.GetRawText()}");
        if (rule.TryGetProperty("format", out JsonElement format) && !StringFormats.IsValid(format.GetString()!, text))
            isValid = problems.Add($"must be of the format {format.GetString()}");
        return isValid;
    }

    internal bool CheckNumber(JsonElement rule, double number)
    {
        bool isValid = true;
        double? min = Bound(rule, "minimum"), max = Bound(rule, "maximum"), above = Bound(rule, "exclusiveMinimum"), below = Bound(rule, "exclusiveMaximum");
        if (number < min || (number == min && IsTrue(rule, "exclusiveMinimum")))
            isValid = problems.Add(FormattableString.Invariant($"is below the minimum {min}"));
        if (number > max || (number == max && IsTrue(rule, "exclusiveMaximum")))
            isValid = problems.Add(FormattableString.Invariant($"is above the maximum {max}"));
        if (number <= above)
            isValid = problems.Add(FormattableString.Invariant($"must be greater than {above}"));
        if (number >= below)
            isValid = problems.Add(FormattableString.Invariant($"must be less than {below}"));
        if (Bound(rule, "multipleOf") is { } step && Math.Abs(Math.IEEERemainder(number, step)) > 1e-9 * Math.Max(1, Math.Abs(number)))
            isValid = problems.Add(FormattableString.Invariant($"must be a multiple of {step}"));
        return isValid;
    }

    internal bool CheckCount(JsonElement rule, int count, string minimum, string maximum, string what, int defaultMinimum = 0)
    {
        double min = Bound(rule, minimum) ?? defaultMinimum;
        double max = Bound(rule, maximum) ?? double.PositiveInfinity;
        if (count < min)
            return problems.Add($"must have at least {min} {what}, but has {count}");
        return count <= max || problems.Add($"must have at most {max} {what}, but has {count}");
    }

    internal bool CheckUniqueItems(JsonElement rule, JsonElement list) =>
        !IsTrue(rule, "uniqueItems") || !HasDuplicates(list) || problems.Add("must not have the same item twice");

    private bool HasDuplicates(JsonElement list)
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

    private bool AreEqual(JsonElement one, JsonElement other)
    {
        budget.Step();
        return JsonElement.DeepEquals(one, other);
    }

    private static double? Bound(JsonElement rule, string name) =>
        rule.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static bool IsTrue(JsonElement rule, string name) => rule.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    private static bool IsOfType(string type, JsonElement value) => value.ValueKind == JsonValueKind.Number
        ? type == "number" || (type == "integer" && value.GetDouble() is var number && number == Math.Floor(number))
        : type == JsonText.TypeName(value.ValueKind);
}
