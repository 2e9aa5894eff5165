namespace RkLlama.Server.OpenApi;

/// <summary>
/// Minimum and maximum number of items or characters of a property. It is only for the OpenAPI document and does not check requests. The framework's attributes
/// for this purpose are not trim-safe.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class LengthRangeAttribute : Attribute
{
    public int Min { get; init; }

    public int Max { get; init; } = int.MaxValue;
}
