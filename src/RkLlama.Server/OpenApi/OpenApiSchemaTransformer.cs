using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace RkLlama.Server.OpenApi;

/// <summary>
/// Adds required fields, allowed values, lengths, and alternative types to the schemas. The framework does not derive these from the C# types.
/// </summary>
internal static class OpenApiSchemaTransformer
{
    internal static async Task ApplyAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (schema.Properties is { } properties && context.JsonTypeInfo.OriginatingResolver is not IRequestBodyJson)
        {
            // In a response, every property is present, except properties that are omitted when null. Request bodies mark their required properties themselves.
            schema.Required = context.JsonTypeInfo.Properties.Where(static one => !IsOmittedWhenNull(one) && one.Get is not null).Select(static one => one.Name).ToHashSet();
            foreach (JsonPropertyInfo leftOut in context.JsonTypeInfo.Properties.Where(IsOmittedWhenNull))
            {
                if (properties.TryGetValue(leftOut.Name, out IOpenApiSchema? either) && either is OpenApiSchema { Type: { } type } one)
                    one.Type = type & ~JsonSchemaType.Null;
            }
        }

        if (context.JsonPropertyInfo is { } property)
            await ApplyAsync(schema, property, context, cancellationToken).ConfigureAwait(false);
    }

    private static async Task ApplyAsync(OpenApiSchema schema, JsonPropertyInfo property, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        // Properties of type object are always null. They exist only because clients expect them.
        if (property.PropertyType == typeof(object))
            schema.Type = JsonSchemaType.Null;
        if (AttributeOf<AllowedValuesAttribute>(property) is { } allowed)
            schema.Enum = [.. allowed.Values.Select(static value => (JsonNode)JsonValue.Create((string)value!))];
        if (AttributeOf<LengthRangeAttribute>(property) is { } count)
            Bound(schema, count);
        if (AttributeOf<AnyOfAttribute>(property) is { } any)
        {
            schema.AnyOf = [];
            foreach (Type type in any.Types)
                schema.AnyOf.Add(await context.GetOrCreateSchemaAsync(type, null, cancellationToken).ConfigureAwait(false));
            if (Nullable.GetUnderlyingType(property.PropertyType) is not null)
                schema.AnyOf.Add(new OpenApiSchema { Type = JsonSchemaType.Null });
        }
    }

    /// <summary>Returns the name of the schema of a type; null to inline the schema.</summary>
    internal static string? NameOf(JsonTypeInfo type)
    {
        Type wire = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        return wire == typeof(JsonElement) || wire.IsDefined(typeof(InlineSchemaAttribute), inherit: false) ? null : OpenApiOptions.CreateDefaultSchemaReferenceId(type);
    }

    private static void Bound(OpenApiSchema schema, LengthRangeAttribute count)
    {
        int? min = count.Min > 0 ? count.Min : null, max = count.Max < int.MaxValue ? count.Max : null;
        if (schema.Type?.HasFlag(JsonSchemaType.Array) == true)
            (schema.MinItems, schema.MaxItems) = (min, max);
        else
            (schema.MinLength, schema.MaxLength) = (min, max);
    }

    private static bool IsOmittedWhenNull(JsonPropertyInfo property) => AttributeOf<JsonIgnoreAttribute>(property) is { Condition: JsonIgnoreCondition.WhenWritingNull };

    private static T? AttributeOf<T>(JsonPropertyInfo property)
        where T : Attribute => property.AttributeProvider?.GetCustomAttributes(typeof(T), inherit: true) is [T attribute, ..] ? attribute : null;
}
