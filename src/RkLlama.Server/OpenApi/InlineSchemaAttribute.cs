namespace RkLlama.Server.OpenApi;

/// <summary>Marks a type whose schema the OpenAPI document repeats wherever the type is used, in place of a reference to a named schema.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
internal sealed class InlineSchemaAttribute : Attribute;

/// <summary>
/// Marks a JSON context of request bodies. In their schemas, the fields with the C# modifier <c>required</c> are the required fields. In schemas of responses,
/// <see cref="OpenApiSchemaTransformer"/> determines them.
/// </summary>
internal interface IRequestBodyJson;
