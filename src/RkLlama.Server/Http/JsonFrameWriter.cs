using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RkLlama.Server.Http;

/// <summary>Writes JSON objects as lines or as server-sent events. Keeps its JSON writer, so that an event of an answer allocates little. One per answer.</summary>
#pragma warning disable CA1001 // the JSON writer holds nothing but a buffer of its output, which is flushed after each object
internal sealed class JsonFrameWriter
#pragma warning restore CA1001
{
    internal const string NdjsonContentType = "application/x-ndjson", SseContentType = "text/event-stream";

    private Utf8JsonWriter? _json;

    /// <summary>One JSON object and a newline.</summary>
    internal void WriteLine<T>(T value, JsonTypeInfo<T> type, IBufferWriter<byte> output)
    {
        WriteJson(value, type, output);
        output.Write("\n"u8);
    }

    /// <summary>A server-sent event.</summary>
    /// <param name="name">For clients that distinguish events by name; <see langword="null"/> for none.</param>
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

    /// <summary>A comment of server-sent events: it keeps the connection alive and means nothing.</summary>
    internal static void WriteSseComment(IBufferWriter<byte> output) => output.Write(":\n\n"u8);

    private void WriteJson<T>(T value, JsonTypeInfo<T> type, IBufferWriter<byte> output)
    {
        if (_json is null)
            _json = new(output, new JsonWriterOptions { Encoder = type.Options.Encoder, SkipValidation = true });
        else
            _json.Reset(output);
        JsonSerializer.Serialize(_json, value, type);
        _json.Flush();
    }
}
