namespace RkLlama.Server.OpenApi;

/// <summary>The OpenAPI document inlines the type's schema wherever it is used, instead of referring to it by name.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
internal sealed class InlineSchemaAttribute : Attribute;

/// <summary>Marks a JSON context of request bodies. Their <c>required</c> properties are the required fields, which differs from responses.</summary>
internal interface IRequestBodyJson;
