using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace RkLlama.Server.Api.Common.Fields;

/// <summary>Base class of the converters for request fields. They throw <see cref="FieldException"/> for a wrong value. They cannot write.</summary>
internal abstract class FieldConverter<T> : JsonConverter<T>
{
    public sealed override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => throw new NotSupportedException();
}

/// <summary>Reads a string.</summary>
/// <param name="ignoresWrongType">If true, a value of another type becomes null; if false, it is an error.</param>
internal sealed class StringConverter(bool ignoresWrongType) : FieldConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
            return reader.GetString();
        if (!ignoresWrongType)
            throw new FieldException("a string");
        reader.Skip();
        return null;
    }
}

internal sealed class BooleanConverter : FieldConverter<bool?>
{
    public override bool? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw new FieldException("true or false"),
    };
}

/// <summary>Reads true, false, 1 (true) or 0 (false).</summary>
internal sealed class BooleanOrNumberConverter : FieldConverter<bool?>
{
    public override bool? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        JsonTokenType.Number when reader.TryGetDouble(out double number) && number is 0 or 1 => number == 1,
        _ => throw new FieldException("true or false"),
    };
}

/// <summary>Reads a number.</summary>
/// <param name="range">The allowed range, inclusive, with limits of type double; null for no limits.</param>
internal sealed class NumberConverter(RangeAttribute? range) : FieldConverter<double?>
{
    public override double? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out double number))
            throw new FieldException("a number") { OllamaType = "float32" };
        return range is null || (number >= (double)range.Minimum && number <= (double)range.Maximum)
            ? number
            : throw new FieldException(FormattableString.Invariant($"a number from {range.Minimum} to {range.Maximum}"));
    }
}

/// <summary>
/// Reads an integer from <paramref name="min"/> to <paramref name="max"/>. Accepts 5.0, because some client languages have only one number type.
/// </summary>
internal sealed class IntegerConverter(int min, int max) : FieldConverter<int?>
{
    public override int? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out double number) || number != Math.Floor(number))
            throw new FieldException("an integer") { OllamaType = "integer" };
        return number >= min && number <= max
            ? (int)number
            : throw new FieldException(FormattableString.Invariant($"an integer from {min} to {max}")) { OllamaType = double.IsFinite(number) ? null : "integer" };
    }
}

/// <summary>Reads an array. An item of a wrong JSON type becomes null; the code that uses the body reports the error.</summary>
internal abstract class ItemsConverter<T> : FieldConverter<T?[]>
{
    public sealed override T?[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new FieldException("an array");
        List<T?> items = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            try
            {
                items.Add(ReadItem(ref reader, options));
            }
            catch (JsonException ex)
            {
                throw FieldException.From(ex).Under($"[{items.Count}]");
            }
        }

        return [.. items];
    }

    protected abstract T? ReadItem(ref Utf8JsonReader reader, JsonSerializerOptions options);
}

/// <summary>Reads only the number of items: each item becomes the default value of <typeparamref name="T"/>.</summary>
internal sealed class IgnoredItemsConverter<T> : ItemsConverter<T>
{
    protected override T? ReadItem(ref Utf8JsonReader reader, JsonSerializerOptions options)
    {
        reader.Skip();
        return default;
    }
}

internal sealed class StringArrayConverter : ItemsConverter<string>
{
    protected override string? ReadItem(ref Utf8JsonReader reader, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
            return reader.GetString();
        reader.Skip();
        return null;
    }
}

internal sealed class ObjectItemsConverter<T> : ItemsConverter<T>
    where T : class
{
    protected override T? ReadItem(ref Utf8JsonReader reader, JsonSerializerOptions options) => ObjectConverter<T>.ReadObject(ref reader, options);
}

/// <summary>Reads an object. A value of another type becomes null; the code that uses the body reports the error.</summary>
internal sealed class ObjectConverter<T> : FieldConverter<T>
    where T : class
{
    public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => ReadObject(ref reader, options);

    internal static T? ReadObject(ref Utf8JsonReader reader, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
            return JsonSerializer.Deserialize(ref reader, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)));
        reader.Skip();
        return null;
    }
}
