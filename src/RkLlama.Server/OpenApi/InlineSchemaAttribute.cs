namespace RkLlama.Server.OpenApi;

/// <summary>The OpenAPI document repeats the type's schema wherever it is used, instead of naming it.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
internal sealed class InlineSchemaAttribute : Attribute;

/// <summary>The JSON context of request bodies: their records themselves say which fields are required.</summary>
internal interface IRequestBodyJson;
