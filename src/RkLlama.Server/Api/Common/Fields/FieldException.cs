using System.Text.Json;

namespace RkLlama.Server.Api.Common.Fields;

/// <summary>A request field has a wrong value. The serializer sets <see cref="JsonException.Path"/>.</summary>
/// <param name="expected">What the value must be. It completes the message "NAME must be …".</param>
internal sealed class FieldException(string expected) : JsonException
{
    internal string Expected => expected;

    /// <summary>
    /// Name of the expected type, for example <c>integer</c>. It is part of Ollama's message for a wrong option, and clients search for this message. Null if
    /// Ollama has no such message for the error.
    /// </summary>
    internal string? OllamaType { get; init; }

    /// <summary>
    /// The part of the JSON path that follows <see cref="JsonException.Path"/>, for example <c>[0].role</c>. Empty, except if a converter called the serializer
    /// for a part of its value.
    /// </summary>
    internal string InnerPath { get; init; } = "";

    /// <summary>The complete JSON path of the field, for example <c>$.messages[0].role</c>.</summary>
    internal string FullPath => (Path ?? "$") + InnerPath;

    /// <summary>
    /// Converts an exception of the serializer. Any exception that is not a <see cref="FieldException"/> means that a value is not an object, because all other
    /// types are read by our own converters.
    /// </summary>
    internal static FieldException From(JsonException exception) =>
        exception as FieldException ?? new("an object") { InnerPath = (exception.Path ?? "$")[1..] };

    /// <summary>
    /// Returns the same error with <paramref name="place"/> in front of its path. The converter of an array calls this for an error in an item.
    /// </summary>
    /// <param name="place">Position of the item, for example <c>[0]</c>.</param>
    internal FieldException Under(string place) => new(expected) { OllamaType = OllamaType, InnerPath = place + FullPath[1..] };
}
