using System.Text.Json;
using RkLlama.Output.Patterns;
using RkLlama.Prompts;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// A JSON schema from a request. Supports drafts 4 to 2020-12, without references to other documents. This project does not use a library for schemas,
/// because the schemas and values are untrusted: each validation has limits on steps, depth and time, so that no input can crash the process or block a
/// thread.
/// </summary>
internal sealed class JsonSchema
{
    private readonly IReadOnlyDictionary<string, JsonElement> _references;
    private readonly IReadOnlyDictionary<string, Pattern> _patterns;

    /// <param name="references">The schema that each <c>$ref</c> refers to, by the text of the <c>$ref</c>.</param>
    /// <param name="patterns">The compiled form of each regular expression in the schema, by its text.</param>
    internal JsonSchema(JsonElement root, IReadOnlyDictionary<string, JsonElement> references, IReadOnlyDictionary<string, Pattern> patterns) =>
        (Root, _references, _patterns) = (root, references, patterns);

    internal JsonElement Root { get; }

    /// <param name="root">The schema as JSON. It is not copied: its document must not be disposed while the schema is in use.</param>
    /// <param name="cpu">The processor time to parse the schema, with the rest of its request; null for no limit.</param>
    /// <inheritdoc cref="JsonSchemaParser.Parse"/>
    internal static JsonSchema Parse(JsonElement root, CpuBudget? cpu = null) => new JsonSchemaParser(root, cpu ?? CpuBudget.Unlimited()).Parse();

    /// <summary>Returns a text for each problem of the value (at most five), for the model and the client; empty if the value is valid.</summary>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    internal IReadOnlyList<string> Validate(JsonElement value, CpuBudget cpu) => new JsonSchemaValidator(this, cpu).Validate(value);

    /// <param name="reference">The text of a <c>$ref</c> that this schema contains.</param>
    internal JsonElement Resolve(string reference) => _references[reference];

    /// <param name="pattern">The text of a regular expression that this schema contains.</param>
    internal Pattern Pattern(string pattern) => _patterns[pattern];
}
