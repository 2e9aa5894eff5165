using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>
/// Reads the JSON of a request into its record. A field with the value null counts as absent. A wrong type, or a number out of its range, is a 400 that names
/// the field.
/// </summary>
internal sealed class BodyReader
{
    private readonly JsonSerializerOptions _options;
    private readonly JsonConverter[] _converters;

    /// <param name="context">The records of one API.</param>
    /// <param name="converters">For types that only this API has.</param>
    internal BodyReader(IJsonTypeInfoResolver context, params JsonConverter[] converters)
    {
        _converters = converters;

        // The converters are set only here: the OpenAPI document reads the plain types of the same records.
        _options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, TypeInfoResolver = context.WithAddedModifier(UseConverters) };
    }

    /// <param name="json">An object.</param>
    /// <param name="path">The path of the object in the body; null if error messages do not name it.</param>
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
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

    /// <summary>A field of an array item is named with its path, every other field only by its name.</summary>
    private static string Name(string jsonPath, string? path) => path is not null
        ? path + jsonPath[1..]
        : jsonPath.Contains('[', StringComparison.Ordinal) ? jsonPath[2..] : jsonPath[(jsonPath.LastIndexOf('.') + 1)..];

    private void UseConverters(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            // The request reports missing fields with messages of its own.
            property.IsRequired = false;
            property.CustomConverter ??= ConverterFor(property);
        }
    }

    /// <returns>Null for records, which the serializer reads: the only wrong type that it reports is a value that is not an object.</returns>
    private JsonConverter? ConverterFor(JsonPropertyInfo property)
    {
        Type type = property.PropertyType;
        if (type == typeof(string))
            return new TextConverter(isTolerant: Has<TolerantAttribute>(property));
        if (type == typeof(bool?))
            return new FlagConverter();
        if (type == typeof(int?))
            return IntegerConverterFor(property);
        if (type == typeof(double?))
            return new NumberConverter(RangeOf(property));
        if (type == typeof(string[]))
            return new TextItemsConverter();
        if (type == typeof(int[]))
            return new IgnoredItemsConverter<int>();
        if (type == typeof(MessageBody[]))
            return new ObjectItemsConverter<MessageBody>();
        if (type == typeof(FunctionCallBody))
            return new ObjectConverter<FunctionCallBody>();
        return Array.Find(_converters, converter => converter.CanConvert(type));
    }

    private static IntegerConverter IntegerConverterFor(JsonPropertyInfo property) => RangeOf(property) switch
    {
        null => new(int.MinValue, int.MaxValue),
        AnswerCountAttribute => new(0, int.MaxValue),
        var range => new((int)range.Minimum, (int)range.Maximum),
    };

    private static RangeAttribute? RangeOf(JsonPropertyInfo property) =>
        property.AttributeProvider?.GetCustomAttributes(typeof(RangeAttribute), inherit: true) is [RangeAttribute range] ? range : null;

    private static bool Has<T>(JsonPropertyInfo property)
        where T : Attribute => property.AttributeProvider?.IsDefined(typeof(T), inherit: true) == true;
}
