using System.Text.Json;
using RkLlama.Output.Constraints;
using RkLlama.Output.StructuredJson;

namespace RkLlama.Output.Tests.Constraints;

/// <summary>Schemas as the libraries of clients write them. One per line of the file <c>schemas.jsonl</c>.</summary>
internal static class SchemaCorpus
{
    internal static IReadOnlyList<JsonSchema> All { get; } = [.. File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Constraints", "schemas.jsonl")).Select(Parse)];

    internal static JsonSchema Parse(string schema) => JsonSchema.Parse(JsonDocument.Parse(schema).RootElement);

    internal static ValueNode Compile(string schema) => new SchemaCompiler(Parse(schema)).Compile();
}
