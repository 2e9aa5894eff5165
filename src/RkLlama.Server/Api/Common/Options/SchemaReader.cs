using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Common.Options;

/// <summary>Parses the JSON schema of a request for structured output.</summary>
internal static class SchemaReader
{
    /// <summary>Parses a schema.</summary>
    /// <param name="name">Name of the request field that contains the schema, for error messages.</param>
    /// <param name="cpu">The processor time to read the request.</param>
    /// <exception cref="ApiException">Status 400: the schema is invalid, uses an unsupported keyword, or takes too long to read.</exception>
    internal static JsonSchema Read(JsonElement schema, string name, CpuBudget cpu)
    {
        try
        {
            return JsonSchema.Parse(schema, cpu);
        }
        catch (JsonSchemaException ex)
        {
            throw ApiException.BadRequest($"The schema in {name} cannot be used: {Excerpt.Of(ex.Message)}.", name);
        }
    }
}
