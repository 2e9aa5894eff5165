using System.Text.Json;

namespace RkLlama.Server.Api.Common.Fields;

/// <summary>A field has a wrong value. The serializer adds the path.</summary>
/// <param name="expected">What the value must be, as the end of the message "… must be …".</param>
internal sealed class FieldException(string expected) : JsonException
{
    internal string Expected => expected;

    /// <summary>The type name in Ollama's error message for options. Clients search for it.</summary>
    internal string? OllamaType { get; init; }

    /// <summary>The end of the path, if a converter called the serializer for a part of the value; otherwise empty.</summary>
    internal string InnerPath { get; init; } = "";

    /// <summary>JSON path from the body's root, <c>$</c>.</summary>
    internal string FullPath => (Path ?? "$") + InnerPath;

    /// <summary>Converts the serializer's own exception, which means that a value is not an object: every other type has one of our converters.</summary>
    internal static FieldException From(JsonException exception) =>
        exception as FieldException ?? new("an object") { InnerPath = (exception.Path ?? "$")[1..] };

    /// <summary>The same error with <paramref name="place"/> in front of its path, for the array that contains the value.</summary>
    internal FieldException Under(string place) => new(expected) { OllamaType = OllamaType, InnerPath = place + FullPath[1..] };
}
