namespace RkLlama.Server.OpenApi;

/// <summary>
/// On a field of the OpenAPI document: how many items, or characters, it may have. Those of the framework are for validation, and not trim-clean.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class CountAttribute : Attribute
{
    public int Min { get; init; }

    public int Max { get; init; } = int.MaxValue;
}
