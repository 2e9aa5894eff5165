using System.Text.Json;
using System.Text.RegularExpressions;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// A JSON schema from a request. Supports drafts 4 to 2020-12, without references to other documents. This project does not use a library, because
/// the schemas and values are untrusted: each validation has limits on steps, depth and time, so that no input can crash the process or occupy a
/// thread.
/// </summary>
internal sealed class JsonSchema
{
    private readonly IReadOnlyDictionary<string, JsonElement> _references;
    private readonly IReadOnlyDictionary<string, Regex> _patterns;

    /// <param name="references">The target of each <c>$ref</c> in the schema.</param>
    /// <param name="patterns">The compiled form of each pattern in the schema.</param>
    internal JsonSchema(JsonElement root, IReadOnlyDictionary<string, JsonElement> references, IReadOnlyDictionary<string, Regex> patterns) =>
        (Root, _references, _patterns) = (root, references, patterns);

    internal JsonElement Root { get; }

    /// <param name="root">Not copied: its document must outlive the schema.</param>
    /// <exception cref="JsonSchemaException">The schema is invalid, or needs a keyword that is not supported.</exception>
    internal static JsonSchema Parse(JsonElement root) => new JsonSchemaParser(root).Parse();

    /// <summary>Returns the problems of the value, as text for the model and the client; empty if the value is valid.</summary>
    internal IReadOnlyList<string> Validate(JsonElement value) => new JsonSchemaValidator(this).Validate(value);

    /// <param name="reference">A <c>$ref</c> of this schema.</param>
    internal JsonElement Resolve(string reference) => _references[reference];

    /// <param name="pattern">A pattern of this schema.</param>
    internal Regex Pattern(string pattern) => _patterns[pattern];
}
