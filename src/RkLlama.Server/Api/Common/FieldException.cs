using System.Text.Json;

namespace RkLlama.Server.Api.Common;

/// <summary>A field has a wrong value. The serializer adds the path.</summary>
/// <param name="expected">What it must be, after "must be".</param>
internal sealed class FieldException(string expected) : JsonException
{
    internal string Expected => expected;

    /// <summary>The type in Ollama's words, which its clients look for in options.</summary>
    internal string? OllamaType { get; init; }

    /// <summary>The rest of the path, if a converter called the serializer for a part of the value.</summary>
    internal string InnerPath { get; init; } = "";

    internal string FullPath => (Path ?? "$") + InnerPath;

    /// <summary>The serializer's own exception means that a value is no object: all other types have a converter of ours.</summary>
    internal static FieldException From(JsonException exception) =>
        exception as FieldException ?? new("an object") { InnerPath = (exception.Path ?? "$")[1..] };

    /// <summary>The same fault, as the owner of the part sees it.</summary>
    internal FieldException Under(string place) => new(expected) { OllamaType = OllamaType, InnerPath = place + FullPath[1..] };
}
