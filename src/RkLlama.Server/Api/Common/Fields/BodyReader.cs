using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Common.Fields;

/// <summary>
/// Deserializes request bodies into their records. A null field counts as absent. A value of a wrong type or out of range is a 400 that names the field.
/// </summary>
internal sealed class BodyReader
{
    private readonly JsonSerializerOptions _options;
    private readonly JsonConverter[] _converters;

    /// <param name="context">JSON metadata of the records of one API.</param>
    /// <param name="converters">Converters for types that only this API has.</param>
    internal BodyReader(IJsonTypeInfoResolver context, params JsonConverter[] converters)
    {
        _converters = converters;

        // Only this reader uses the converters: the OpenAPI document is generated from the same records without them.
        _options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, TypeInfoResolver = context.WithAddedModifier(UseConverters) };
    }

    /// <param name="json">A JSON object.</param>
    /// <param name="path">Path of the object in the body, for error messages; null if they name only the field.</param>
    /// <exception cref="ApiException">Status 400: a value has a wrong type or is out of range.</exception>
    internal T Read<T>(JsonElement json, string? path = null)
        where T : class
    {
        try
        {
            return json.Deserialize((JsonTypeInfo<T>)_options.GetTypeInfo(typeof(T)))!;
        }
        catch (JsonException ex)
        {
            FieldException wrong = FieldException.From(ex);
            string field = Name(wrong.FullPath, path);
            throw new ApiException(StatusCodes.Status400BadRequest, new($"{field} must be {wrong.Expected}."))
            {
                Parameter = field,
                OllamaMessage = wrong.OllamaType is { } type && wrong.FullPath.StartsWith("$.options.", StringComparison.Ordinal)
                    ? $"option \"{field}\" must be of type {type}"
                    : null,
            };
        }
    }

    /// <summary>The field's name in the error message: with its path if it belongs to an array item, otherwise without.</summary>
    private static string Name(string jsonPath, string? path) => path is not null
        ? path + jsonPath[1..]
        : jsonPath.Contains('[', StringComparison.Ordinal) ? jsonPath[2..] : jsonPath[(jsonPath.LastIndexOf('.') + 1)..];

    private void UseConverters(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            // The request records report missing fields with their own messages.
            property.IsRequired = false;
            property.CustomConverter ??= ConverterFor(property);
        }
    }

    /// <returns>Null for records: the serializer reads them, and the only type error that it reports itself is a value that is not an object.</returns>
    private JsonConverter? ConverterFor(JsonPropertyInfo property)
    {
        Type type = property.PropertyType;
        if (type == typeof(string))
            return new StringConverter(ignoresWrongType: Has<IgnoreWrongTypeAttribute>(property));
        if (type == typeof(bool?))
            return new BooleanConverter();
        if (type == typeof(int?))
            return IntegerConverterFor(property);
        if (type == typeof(double?))
            return new NumberConverter(RangeOf(property));
        if (type == typeof(string[]))
            return new StringArrayConverter();
        if (type == typeof(int[]))
            return new IgnoredItemsConverter<int>();
        return Array.Find(_converters, converter => converter.CanConvert(type));
    }

    private static IntegerConverter IntegerConverterFor(JsonPropertyInfo property) => RangeOf(property) switch
    {
        null => new(int.MinValue, int.MaxValue),
        CompletionCountAttribute => new(0, int.MaxValue),
        var range => new((int)range.Minimum, (int)range.Maximum),
    };

    private static RangeAttribute? RangeOf(JsonPropertyInfo property) =>
        property.AttributeProvider?.GetCustomAttributes(typeof(RangeAttribute), inherit: true) is [RangeAttribute range] ? range : null;

    private static bool Has<T>(JsonPropertyInfo property)
        where T : Attribute => property.AttributeProvider?.IsDefined(typeof(T), inherit: true) == true;
}
