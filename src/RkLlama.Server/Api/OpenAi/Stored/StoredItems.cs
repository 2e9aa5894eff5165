using System.Buffers;
using System.Text.Json;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.OpenAi.Stored;

/// <summary>Writes arrays of items as the store keeps them: each item has an id, and the content of a message is an array of parts.</summary>
internal static class StoredItems
{
    private static readonly JsonWriterOptions Options = new() { Encoder = WireOptions.Create().Encoder };

    /// <summary>Returns the items of earlier answers and those of a request, as one array.</summary>
    /// <param name="input">A text, or an array of items. Items that are no objects are left out.</param>
    internal static byte[] Of(IEnumerable<JsonElement> earlier, JsonElement input) => Write(json =>
    {
        json.WriteStartArray();
        foreach (JsonElement item in earlier)
            item.WriteTo(json);
        if (input.ValueKind == JsonValueKind.String)
            WriteUserText(input.GetString()!, json);
        foreach (JsonElement item in input.ValueKind == JsonValueKind.Array ? input.EnumerateArray().Where(static item => item.ValueKind == JsonValueKind.Object) : [])
            WriteItem(item, json);
        json.WriteEndArray();
    });

    /// <summary>Returns the messages of a chat completion with an id for each.</summary>
    internal static byte[] OfMessages(string id, IEnumerable<JsonElement> messages) => Write(json =>
    {
        json.WriteStartArray();
        foreach ((int index, JsonElement message) in messages.Index())
        {
            json.WriteStartObject();
            json.WriteString("id"u8, $"{id}-{index}");
            CopyProperties(message, json, "id");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>Returns an array of items that all have ids.</summary>
    internal static byte[] Join(IEnumerable<JsonElement> items) => Of(items, default);

    internal static byte[] Write(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, Options))
            write(json);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Returns the id of an item; an empty text if it has none.</summary>
    internal static string IdOf(JsonElement item) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty("id", out JsonElement id) && id.ValueKind == JsonValueKind.String ? id.GetString()! : "";

    internal static void CopyProperties(JsonElement owner, Utf8JsonWriter json, params ReadOnlySpan<string> except)
    {
        foreach (JsonProperty property in owner.EnumerateObject())
        {
            if (!except.Contains(property.Name))
                property.WriteTo(json);
        }
    }

    private static void WriteUserText(string text, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, OpenAiWriter.NewId("msg_"));
        json.WriteString("type"u8, "message"u8);
        json.WriteString("status"u8, "completed"u8);
        json.WriteString("role"u8, "user"u8);
        WriteParts("input_text", text, json);
        json.WriteEndObject();
    }

    private static void WriteItem(JsonElement item, Utf8JsonWriter json)
    {
        bool hasId = IdOf(item).Length > 0;
        string type = item.TryGetProperty("type", out JsonElement given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : "message";
        json.WriteStartObject();
        if (!hasId)
            json.WriteString("id"u8, OpenAiWriter.NewId(type == "message" ? "msg_" : "item_"));
        json.WriteString("type"u8, type);
        if (type == "message" && item.TryGetProperty("content", out JsonElement content) && content.ValueKind == JsonValueKind.String)
        {
            bool isOutput = item.TryGetProperty("role", out JsonElement role) && role.ValueKind == JsonValueKind.String && role.ValueEquals("assistant");
            WriteParts(isOutput ? "output_text" : "input_text", content.GetString()!, json);
            CopyProperties(item, json, hasId ? "" : "id", "type", "content");
        }
        else
        {
            CopyProperties(item, json, hasId ? "" : "id", "type");
        }

        json.WriteEndObject();
    }

    private static void WriteParts(string type, string text, Utf8JsonWriter json)
    {
        json.WriteStartArray("content"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        json.WriteString("text"u8, text);
        if (type == "output_text")
        {
            json.WriteStartArray("annotations"u8);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndArray();
    }
}
