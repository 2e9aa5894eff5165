using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Api.Ollama;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api;

/// <summary>Reads the JSON of a request into its record. Null is as absent; a wrong type, or a number out of its range, is a 400 that names the field.</summary>
internal static class BodyReader
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,

        // Only here: the OpenAPI document reads the plain types of the same records.
        TypeInfoResolver = BodyJson.Default.WithAddedModifier(UseOurConverters),
    };

    /// <param name="json">An object.</param>
    /// <param name="path">The place of the object in the body, if error messages name it.</param>
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static T Read<T>(JsonElement json, string? path = null)
        where T : class
    {
        try
        {
            return json.Deserialize((JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T)))!;
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

    /// <summary>Fields of array items are named with their place, all others by their own name.</summary>
    private static string Name(string jsonPath, string? path) => path is not null
        ? path + jsonPath[1..]
        : jsonPath.Contains('[', StringComparison.Ordinal) ? jsonPath[2..] : jsonPath[(jsonPath.LastIndexOf('.') + 1)..];

    private static void UseOurConverters(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            // The request reports a missing field in its own words.
            property.IsRequired = false;
            property.CustomConverter ??= ConverterFor(property);
        }
    }

    /// <returns>Null for the serializer's own. A wrong type that the serializer finds is never more than another thing than an object.</returns>
    private static JsonConverter? ConverterFor(JsonPropertyInfo property)
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
        if (type == typeof(OllamaMessageBody[]))
            return new ObjectItemsConverter<OllamaMessageBody>();
        return type == typeof(FunctionCallBody) ? new ObjectConverter<FunctionCallBody>() : null;
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
