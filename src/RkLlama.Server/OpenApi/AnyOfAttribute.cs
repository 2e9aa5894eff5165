namespace RkLlama.Server.OpenApi;

/// <summary>
/// Lists the types that a property may have in JSON. The OpenAPI document shows them as <c>anyOf</c>, in place of the C# type of the property.
/// </summary>
/// <param name="types">C# types whose schemas are the alternatives.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AnyOfAttribute(params Type[] types) : Attribute
{
    public IReadOnlyList<Type> Types => types;
}
