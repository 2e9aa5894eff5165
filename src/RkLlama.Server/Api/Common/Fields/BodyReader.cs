using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Common.Fields;

/// <summary>
/// Deserializes request bodies into records. A null field counts as absent. If a value has a wrong type or is out of range, the request fails with status 400,
/// and the message names the field.
/// </summary>
internal sealed class BodyReader
{
    private readonly JsonSerializerOptions _options;
    private readonly JsonConverter[] _converters;
    private readonly ConcurrentDictionary<Type, FrozenSet<string>> _fields = new();

    /// <param name="context">JSON metadata of the record types of one API.</param>
    /// <param name="converters">More converters, for property types that this class does not know.</param>
    internal BodyReader(IJsonTypeInfoResolver context, params JsonConverter[] converters)
    {
        _converters = converters;

        // Only this reader uses the converters. The OpenAPI document is generated from the same records without them.
        _options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, TypeInfoResolver = context.WithAddedModifier(UseConverters) };
    }

    /// <summary>Deserializes a body, or an object in a body.</summary>
    /// <param name="json">A JSON object. Any other value is refused.</param>
    /// <param name="path">
    /// Path of the object in the body, for example <c>input[0]</c>; null for the body itself. Error messages put it in front of the field's name.
    /// </param>
    /// <exception cref="ApiException">Status 400: the value is not an object, or a value in it has a wrong type or is out of range.</exception>
    internal T Read<T>(JsonElement json, string? path = null)
        where T : class
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw ApiException.BadRequest(path is null ? "The body must be a JSON object." : $"{path} must be an object.", path);
        try
        {
            return json.Deserialize((JsonTypeInfo<T>)_options.GetTypeInfo(typeof(T)))!;
        }
        catch (JsonException ex)
        {
            FieldException wrong = FieldException.From(ex);
            string field = Excerpt.Of(Name(wrong.FullPath, path));
            throw new ApiException(StatusCodes.Status400BadRequest, new($"{field} must be {wrong.Expected}."))
            {
                Parameter = field,
                OllamaMessage = wrong.OllamaType is { } type && wrong.FullPath.StartsWith("$.options.", StringComparison.Ordinal)
                    ? $"option \"{field}\" must be of type {type}"
                    : null,
            };
        }
    }

    /// <summary>Returns the fields of a body, or of an object in a body, that its record does not have.</summary>
    /// <param name="json">A JSON object.</param>
    internal IEnumerable<JsonProperty> UnknownFields<T>(JsonElement json)
        where T : class
    {
        FrozenSet<string> known = _fields.GetOrAdd(typeof(T), type => _options.GetTypeInfo(type).Properties.Select(static property => property.Name).ToFrozenSet(StringComparer.Ordinal));
        return json.EnumerateObject().Where(field => !known.Contains(field.Name));
    }

    /// <summary>
    /// Returns the field's name for an error message. It includes the path if the caller has given one or the field belongs to an array item.
    /// </summary>
    private static string Name(string jsonPath, string? path) => path is not null
        ? path + jsonPath[1..]
        : jsonPath.Contains('[', StringComparison.Ordinal) ? jsonPath[2..] : jsonPath[(jsonPath.LastIndexOf('.') + 1)..];

    private void UseConverters(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            // Missing fields are no error here. The types that use the records, such as ChatCompletionRequest, report them with their own messages.
            property.IsRequired = false;
            property.CustomConverter ??= ConverterFor(property);
        }
    }

    /// <summary>Returns the converter for the type of a property.</summary>
    /// <returns>
    /// Null for a type that the serializer reads itself, such as a record. For a record, the serializer accepts only a JSON object.
    /// </returns>
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
