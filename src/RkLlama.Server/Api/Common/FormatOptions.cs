using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Server.Api.OpenAi;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>The JSON that a request wants its answer to be.</summary>
internal static class FormatOptions
{
    /// <summary>The <c>response_format</c> of chat completions: the schema is one level further down.</summary>
    /// <returns>Null for text.</returns>
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OutputFormat? From(ResponseFormatBody? format)
    {
        const string Name = "response_format";
        return format is null ? null : From(format.Type, Name, () => format.JsonSchema is { ValueKind: JsonValueKind.Object } schema ? BodyReader.Read<JsonSchemaBody>(schema) : null);
    }

    /// <summary>The <c>text.format</c> of the responses API: everything is on one level.</summary>
    /// <returns>Null for text.</returns>
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OutputFormat? From(ResponseTextBody? text)
    {
        if (text?.Format is not { } json)
            return null;
        if (json.ValueKind != JsonValueKind.Object)
            throw JsonFields.Wrong("format", "an object");
        ResponseTextFormatBody format = BodyReader.Read<ResponseTextFormatBody>(json);
        return From(format.Type, "text.format", () => new() { Schema = format.Schema, Strict = format.Strict });
    }

    /// <summary>Ollama's <c>format</c>: <c>"json"</c>, or a schema. Some clients send an empty text for none.</summary>
    /// <returns>Null for text.</returns>
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OutputFormat? FromOllama(JsonElement? format)
    {
        const string Name = "format";
        return format?.ValueKind switch
        {
            null => null,
            JsonValueKind.String when format.Value.GetString() is "" => null,
            JsonValueKind.String when format.Value.GetString() is "json" => OutputFormat.AnyObject,
            JsonValueKind.Object => new(ReadSchema(format.Value, Name), true),
            _ => throw JsonFields.Wrong(Name, "\"json\" or a JSON schema"),
        };
    }

    private static OutputFormat? From(string? type, string name, Func<JsonSchemaBody?> read)
    {
        switch (type)
        {
            case "text":
                return null;
            case "json_object":
                return OutputFormat.AnyObject with { Parameter = name };
            case "json_schema":
                JsonSchemaBody? owner = read();
                if (owner?.Schema is not { } schema)
                    throw ApiException.BadRequest($"{name} of the type json_schema needs a schema.", name);
                if (schema.ValueKind != JsonValueKind.Object)
                    throw JsonFields.Wrong("schema", "an object");
                return new(ReadSchema(schema, name), owner.Strict ?? false) { Parameter = name };
            default:
                throw JsonFields.Wrong(name, "of the type \"text\", \"json_object\" or \"json_schema\"");
        }
    }

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
