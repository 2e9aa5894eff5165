using System.Text.Json;

namespace RkLlama.Server.Http;

/// <summary>
/// Optional fields of a request. Absent and <see langword="null"/> are the same, because clients send nulls for what they do not set; a wrong type is
/// a 400 that names the field.
/// </summary>
internal static class JsonFields
{
    /// <summary>The field, if it is there and not null.</summary>
    internal static bool TryGet(this JsonElement owner, string name, out JsonElement value) =>
        owner.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    internal static string? Text(this JsonElement owner, string name) => !owner.TryGet(name, out JsonElement value)
        ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(name, "a string");

    internal static bool? Flag(this JsonElement owner, string name) => !owner.TryGet(name, out JsonElement value)
        ? null
        : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Wrong(name, "true or false"),
        };

    internal static double? Number(this JsonElement owner, string name, double min, double max)
    {
        if (!owner.TryGet(name, out JsonElement value))
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number))
            throw Wrong(name, "a number");
        return number >= min && number <= max ? number : throw Wrong(name, FormattableString.Invariant($"a number from {min} to {max}"));
    }

    internal static int? Integer(this JsonElement owner, string name, int min, int max)
    {
        if (!owner.TryGet(name, out JsonElement value))
            return null;

        // 5.0 is an integer to clients whose language has one kind of number.
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || number != Math.Floor(number))
            throw Wrong(name, "an integer");
        return number >= min && number <= max ? (int)number : throw Wrong(name, FormattableString.Invariant($"an integer from {min} to {max}"));
    }

    internal static JsonElement? Object(this JsonElement owner, string name) => !owner.TryGet(name, out JsonElement value)
        ? null
        : value.ValueKind == JsonValueKind.Object ? value : throw Wrong(name, "an object");

    internal static IReadOnlyList<JsonElement>? Array(this JsonElement owner, string name) => !owner.TryGet(name, out JsonElement value)
        ? null
        : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Wrong(name, "an array");

    /// <summary>A string, or an array of strings.</summary>
    internal static IReadOnlyList<string> Texts(this JsonElement owner, string name)
    {
        if (!owner.TryGet(name, out JsonElement value))
            return [];
        if (value.ValueKind == JsonValueKind.String)
            return [value.GetString()!];
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(static item => item.ValueKind != JsonValueKind.String))
            throw Wrong(name, "a string or an array of strings");
        return [.. value.EnumerateArray().Select(item => item.GetString()!)];
    }

    internal static ApiException Wrong(string name, string expected) => ApiException.BadRequest($"{name} must be {expected}.", name);
}
