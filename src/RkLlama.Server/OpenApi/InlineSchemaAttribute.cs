namespace RkLlama.Server.OpenApi;

/// <summary>Marks a type whose schema has no name in the OpenAPI document. The document repeats the schema wherever the type is used.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
internal sealed class InlineSchemaAttribute : Attribute;

/// <summary>
/// Marks a JSON context of request bodies. In the schema of a request body, the fields with the C# modifier <c>required</c> are required. In the schema of a
/// response, <see cref="OpenApiSchemaTransformer"/> makes all fields required, except those that are omitted when null.
/// </summary>
internal interface IRequestBodyJson;
