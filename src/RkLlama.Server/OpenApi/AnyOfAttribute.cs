namespace RkLlama.Server.OpenApi;

/// <summary>On a field of the OpenAPI document: its value may have any of these types. Its own type is the one that holds them all.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AnyOfAttribute(params Type[] types) : Attribute
{
    public IReadOnlyList<Type> Types => types;
}
