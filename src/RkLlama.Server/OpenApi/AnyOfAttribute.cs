namespace RkLlama.Server.OpenApi;

/// <summary>The JSON types that a property may have, for the OpenAPI document. Its C# type can hold all of them.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AnyOfAttribute(params Type[] types) : Attribute
{
    public IReadOnlyList<Type> Types => types;
}
