namespace RkLlama.Server.OpenApi;

/// <summary>
/// Minimum and maximum number of items or characters of a property, for the OpenAPI document. The framework's attributes for this are not trim-safe.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class LengthRangeAttribute : Attribute
{
    public int Min { get; init; }

    public int Max { get; init; } = int.MaxValue;
}
