using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Api.OpenAi.Chat;
using RkLlama.Server.Api.OpenAi.Responses;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Reads the output format of a request.</summary>
internal static class OutputFormats
{
    /// <summary>Reads <c>response_format</c> of chat completions. The schema is in its object <c>json_schema</c>.</summary>
    /// <returns>Null for plain text.</returns>
    /// <exception cref="ApiException">Status 400: the format or its schema is invalid.</exception>
    internal static OutputFormat? From(ResponseFormatBody? format)
    {
        const string Name = "response_format";
        return format is null
            ? null
            : From(format.Type, Name, () => format.JsonSchema is { ValueKind: JsonValueKind.Object } schema ? OpenAiBodyJson.Reader.Read<JsonSchemaBody>(schema) : null);
    }

    /// <summary>Reads <c>text.format</c> of the responses API. The schema is on the same level as the type.</summary>
    /// <returns>Null for plain text.</returns>
    /// <exception cref="ApiException">Status 400: the format or its schema is invalid.</exception>
    internal static OutputFormat? From(ResponseTextBody? text)
    {
        if (text?.Format is not { } json)
            return null;
        if (json.ValueKind != JsonValueKind.Object)
            throw JsonFields.Wrong("format", "an object");
        ResponseTextFormatBody format = OpenAiBodyJson.Reader.Read<ResponseTextFormatBody>(json);
        return From(format.Type, "text.format", () => new() { Schema = format.Schema, Strict = format.Strict });
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
                return new(SchemaReader.Read(schema, name), owner.Strict ?? false) { Parameter = name };
            default:
                throw JsonFields.Wrong(name, "of the type \"text\", \"json_object\" or \"json_schema\"");
        }
    }
}
