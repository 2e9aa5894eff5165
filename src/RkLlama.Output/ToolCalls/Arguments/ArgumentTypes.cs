using System.Text.Json;
using System.Text.RegularExpressions;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls.Arguments;

/// <summary>
/// Converts scalar arguments of a tool call to the types of the tool's schema, also inside of objects and arrays. Converts a value only if its own type is
/// not allowed, exactly one other type fits, and nothing is lost: blanks around a number and the zeros of <c>3.0</c> do not count. A string that contains the
/// JSON of an object or array is also converted.
/// </summary>
internal static partial class ArgumentTypes
{
    /// <summary>Returns the arguments as a minified JSON object.</summary>
    /// <param name="schema">The schema of all parameters of the tool; null if there is none.</param>
    internal static string Fit(JsonElement arguments, JsonElement? schema) =>
        (schema is { } root ? Convert(arguments, SchemaReferences.Resolve(root, root), root) : null) ?? JsonText.Minify(arguments.GetRawText());

    /// <summary>Returns the converted value as minified JSON; null if the value must not change.</summary>
    private static string? Convert(JsonElement value, JsonElement schema, JsonElement root) => value.ValueKind switch
    {
        JsonValueKind.Object => ConvertMembers(value, schema, root),
        JsonValueKind.Array => ConvertItems(value, schema, root),
        _ => ConvertScalar(value, SchemaTypes.Of(schema, root)),
    };

    private static string? ConvertMembers(JsonElement value, JsonElement schema, JsonElement root)
    {
        bool isChanged = false;
        OrderedDictionary<string, string> members = [];
        foreach (JsonProperty member in value.EnumerateObject())
        {
            string? converted = SchemaReferences.Property(schema, member.Name, root) is { } property ? Convert(member.Value, property, root) : null;
            isChanged |= converted is not null;
            members[member.Name] = converted ?? JsonText.Minify(member.Value.GetRawText());
        }

        return isChanged ? ParameterValue.ToObject(members) : null;
    }

    private static string? ConvertItems(JsonElement value, JsonElement schema, JsonElement root)
    {
        if (SchemaReferences.Items(schema, root) is not { } itemSchema)
            return null;
        string?[] converted = [.. value.EnumerateArray().Select(item => Convert(item, itemSchema, root))];
        return Array.TrueForAll(converted, static item => item is null)
            ? null
            : $"[{string.Join(',', value.EnumerateArray().Select((item, index) => converted[index] ?? JsonText.Minify(item.GetRawText())))}]";
    }

    private static string? ConvertScalar(JsonElement value, HashSet<string> types)
    {
        if (types.Count == 0 || types.Contains(JsonText.TypeName(value.ValueKind)))
            return null;
        if (value.ValueKind == JsonValueKind.Number && types.Contains("integer"))
            return WholeNumber.Match(value.GetRawText()) is { Success: true } number ? number.Groups["integer"].Value : null;
        if (value.ValueKind != JsonValueKind.String)
            return value.ValueKind != JsonValueKind.Null && types.Contains("string") ? JsonText.Quote(value.GetRawText()) : null;

        string text = value.GetString()!.Trim();
        if (!types.Contains("object") && !types.Contains("array"))
            text = ParameterValue.Number(ParameterValue.WithoutQuotes(text));
        if ((text is ['{', ..] && types.Contains("object")) || (text is ['[', ..] && types.Contains("array")))
            return JsonRepair.RepairWhole(text) is { } json ? JsonText.Minify(json) : null;
        if (text == "null" && types.Contains("null"))
            return text;
        if (types.Contains("boolean") && text is "true" or "True" or "TRUE" or "false" or "False" or "FALSE")
            return text is "true" or "True" or "TRUE" ? "true" : "false";
        if (types.Contains("number"))
            return Number.IsMatch(text) ? text : null;
        return types.Contains("integer") && Integer.Match(text) is { Success: true } integer ? integer.Groups["integer"].Value : null;
    }

    [GeneratedRegex(@"^(?<integer>-?(0|[1-9][0-9]{0,17}))(\.0+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Integer { get; }

    [GeneratedRegex(@"^(?<integer>-?(0|[1-9][0-9]{0,17}))\.0+\z", RegexOptions.CultureInvariant)]
    private static partial Regex WholeNumber { get; }

    [GeneratedRegex(@"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,3})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Number { get; }
}
