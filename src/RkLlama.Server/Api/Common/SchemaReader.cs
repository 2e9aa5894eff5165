using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>Reads the JSON schema that a request wants its answer to match.</summary>
internal static class SchemaReader
{
    /// <param name="name">The field that holds the schema, for error messages.</param>
    /// <exception cref="ApiException">Status 400: the schema is invalid, or uses what is not supported.</exception>
    internal static JsonSchema Read(JsonElement schema, string name)
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
