using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>The JSON that a request wants its answer to be.</summary>
internal static class FormatFields
{
    /// <summary>As chat completions write it under <c>response_format</c>: the schema one level further down.</summary>
    /// <returns>Null for text.</returns>
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OutputFormat? ReadResponseFormat(this JsonElement body) => body.Object("response_format") is { } format
        ? ReadTyped(format, format.TryGet("json_schema", out JsonElement schema) ? schema : default, "response_format")
        : null;

    /// <summary>As the responses API writes it under <c>text.format</c>: everything on one level.</summary>
    /// <returns>Null for text.</returns>
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OutputFormat? ReadTextFormat(this JsonElement body) => body.Object("text")?.Object("format") is { } format
        ? ReadTyped(format, format, "text.format")
        : null;

    /// <summary>As Ollama writes it: <c>"json"</c>, a schema, or nothing, which some clients send as an empty text.</summary>
    /// <returns>Null for text.</returns>
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OutputFormat? ReadFormat(this JsonElement body)
    {
        const string Name = "format";
        if (!body.TryGet(Name, out JsonElement format))
            return null;
        return format.ValueKind switch
        {
            JsonValueKind.String when format.GetString() is "" => null,
            JsonValueKind.String when format.GetString() is "json" => OutputFormat.AnyObject,
            JsonValueKind.Object => new(ReadSchema(format, Name), true),
            _ => throw JsonFields.Wrong(Name, "\"json\" or a JSON schema"),
        };
    }

    private static OutputFormat? ReadTyped(JsonElement format, JsonElement owner, string name) => format.Text("type") switch
    {
        "text" => null,
        "json_object" => OutputFormat.AnyObject with { Parameter = name },
        "json_schema" when owner.ValueKind == JsonValueKind.Object && owner.Object("schema") is { } schema =>
            new(ReadSchema(schema, name), owner.Flag("strict") ?? false) { Parameter = name },
        "json_schema" => throw ApiException.BadRequest($"{name} of the type json_schema needs a schema.", name),
        _ => throw JsonFields.Wrong(name, "of the type \"text\", \"json_object\" or \"json_schema\""),
    };

    private static JsonSchema ReadSchema(JsonElement schema, string name)
    {
        try
        {
            return JsonSchema.Parse(schema);
        }
        catch (JsonSchemaException ex)
        {
            throw ApiException.BadRequest($"The schema in {name} cannot be used: {ex.Message}.", name);
        }
    }
}
