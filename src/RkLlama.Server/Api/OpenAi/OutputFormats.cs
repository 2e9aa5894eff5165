using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Api.OpenAi.Chat;
using RkLlama.Server.Api.OpenAi.Responses;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Reads the output format of a request.</summary>
internal static class OutputFormats
{
    /// <summary>
    /// Reads <c>response_format</c> of chat completions. The schema is in its object <c>json_schema</c>. Also reads the fields that other servers have for a
    /// schema.
    /// </summary>
    /// <returns>Null for plain text.</returns>
    /// <exception cref="ApiException">Status 400: the format or its schema is invalid.</exception>
    internal static OutputFormat? From(ChatCompletionBody body, CpuBudget cpu)
    {
        const string Name = "response_format";
        if (body.ResponseFormat is not { } format)
            return body.GuidedJson is { } guided ? Strict(guided, "guided_json", cpu) : body.JsonSchema is { } schema ? Strict(schema, "json_schema", cpu) : null;
        bool isDirect = format.Type == "json_object" || (format.Type == "json_schema" && format.JsonSchema is null or { ValueKind: JsonValueKind.Null });
        return isDirect && format.Schema is { } direct
            ? Strict(direct, Name, cpu)
            : From(format.Type, Name, () => format.JsonSchema is { ValueKind: JsonValueKind.Object } schema ? OpenAiBodyJson.Reader.Read<JsonSchemaBody>(schema) : null, cpu);
    }

    /// <summary>Reads <c>text.format</c> of the responses API. The schema is on the same level as the type.</summary>
    /// <returns>Null for plain text.</returns>
    /// <exception cref="ApiException">Status 400: the format or its schema is invalid.</exception>
    internal static OutputFormat? From(ResponseTextBody? text, CpuBudget cpu)
    {
        if (text?.Format is not { } json)
            return null;
        if (json.ValueKind != JsonValueKind.Object)
            throw JsonFields.Wrong("format", "an object");
        ResponseTextFormatBody format = OpenAiBodyJson.Reader.Read<ResponseTextFormatBody>(json);
        return From(format.Type, "text.format", () => new() { Schema = format.Schema, Strict = format.Strict }, cpu);
    }

    /// <summary>Reads a schema that other servers enforce: output that violates it is an error.</summary>
    private static OutputFormat Strict(JsonElement schema, string name, CpuBudget cpu)
    {
        if (schema.ValueKind == JsonValueKind.String)
        {
            try
            {
                schema = JsonElement.Parse(schema.GetString()!);
            }
            catch (JsonException)
            {
                throw JsonFields.Wrong(name, "a JSON schema");
            }
        }

        return schema.ValueKind == JsonValueKind.Object
            ? new(SchemaReader.Read(schema, name, cpu), true) { Parameter = name }
            : throw JsonFields.Wrong(name, "a JSON schema");
    }

    private static OutputFormat? From(string? type, string name, Func<JsonSchemaBody?> read, CpuBudget cpu)
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
                return new(SchemaReader.Read(schema, name, cpu), owner.Strict ?? false) { Parameter = name };
            default:
                throw JsonFields.Wrong(name, "of the type \"text\", \"json_object\" or \"json_schema\"");
        }
    }
}
