using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RkLlama.Server.Http.Results;

/// <summary>Writes JSON objects as lines or as server-sent events. Reuses one JSON writer to reduce allocations. One instance per response.</summary>
#pragma warning disable CA1001 // the JSON writer needs no disposal: it is flushed after each object and owns no other resource
internal sealed class JsonEventWriter
#pragma warning restore CA1001
{
    internal const string NdjsonContentType = "application/x-ndjson", SseContentType = "text/event-stream";

    private Utf8JsonWriter? _json;

    /// <summary>Writes one JSON object and a newline.</summary>
    internal void WriteLine<T>(T value, JsonTypeInfo<T> type, IBufferWriter<byte> output)
    {
        WriteJson(value, type, output);
        output.Write("\n"u8);
    }

    /// <summary>Writes one JSON object as a server-sent event.</summary>
    /// <param name="name">Name of the event; <see langword="null"/> for none.</param>
    internal void WriteSse<T>(T value, JsonTypeInfo<T> type, IBufferWriter<byte> output, string? name = null)
    {
        if (name is not null)
        {
            output.Write("event: "u8);
            Encoding.UTF8.GetBytes(name.AsSpan(), output);
            output.Write("\n"u8);
        }

        output.Write("data: "u8);
        WriteJson(value, type, output);
        output.Write("\n\n"u8);
    }

    /// <summary>Writes an empty comment line of server-sent events. It keeps the connection alive, and clients ignore it.</summary>
    internal static void WriteSseComment(IBufferWriter<byte> output) => output.Write(":\n\n"u8);

    /// <summary>Writes a comment line of server-sent events.</summary>
    /// <param name="comment">A text without line breaks.</param>
    internal static void WriteSseComment(IBufferWriter<byte> output, string comment)
    {
        output.Write(": "u8);
        Encoding.UTF8.GetBytes(comment.AsSpan(), output);
        output.Write("\n\n"u8);
    }

    private void WriteJson<T>(T value, JsonTypeInfo<T> type, IBufferWriter<byte> output)
    {
        if (_json is null)
            _json = new(output, new JsonWriterOptions { Encoder = type.Options.Encoder, SkipValidation = true });
        else
            _json.Reset(output);
        // The generated code, which only the types of frequent stream events have. The serializer would use it only with the default encoder.
        if (type.SerializeHandler is { } serialize)
            serialize(_json, value);
        else
            JsonSerializer.Serialize(_json, value, type);
        _json.Flush();
    }
}
