using System.Buffers;
using System.Text.Json;
using RkLlama.Native;

namespace RkLlama.Engine.Stored;

/// <summary>
/// The format of the file of one entry: a line of JSON with the entry, the lengths and a checksum, then the input, then the output. Has no state.
/// </summary>
internal static class StoredFile
{
    private const int Version = 1;
    private const int MaxHeaderBytes = 4096;

    /// <summary>Serializes an entry.</summary>
    internal static byte[] ToBytes(StoredContent content)
    {
        byte[] body = [.. content.Input.Span, .. content.Output.Span];
        ArrayBufferWriter<byte> header = new();
        using (Utf8JsonWriter json = new(header))
        {
            json.WriteStartObject();
            json.WriteNumber("version"u8, Version);
            json.WriteString("id"u8, content.Entry.Id);
            json.WriteNumber("kind"u8, (int)content.Entry.Kind);
            json.WriteString("owner"u8, content.Entry.Owner);
            json.WriteNumber("created"u8, content.Entry.Created);
            json.WriteNumber("written"u8, content.Entry.Written);
            json.WriteNumber("state"u8, (int)content.Entry.State);
            json.WriteString("model"u8, content.Entry.Model);
            json.WriteNumber("number"u8, content.Entry.Number);
            json.WriteNumber("input_bytes"u8, content.Input.Length);
            json.WriteNumber("output_bytes"u8, content.Output.Length);
            json.WriteString("sha256"u8, FileHash.Sha256Of(body));
            json.WriteEndObject();
        }

        return [.. header.WrittenSpan, (byte)'\n', .. body];
    }

    /// <summary>Reads the entry of a file, and checks its lengths, but not its checksum.</summary>
    /// <returns><see langword="null"/> if the file is damaged or has another version.</returns>
    internal static StoredEntry? ReadEntry(FileStream file) => ReadHeader(file)?.Entry;

    /// <summary>Reads a whole file, and checks its checksum.</summary>
    /// <returns><see langword="null"/> if the file is damaged or has another version.</returns>
    internal static StoredContent? Read(FileStream file)
    {
        if (ReadHeader(file) is not { } header)
            return null;
        byte[] body = new byte[header.InputBytes + header.OutputBytes];
        file.ReadExactly(body);
        return FileHash.Sha256Of(body) == header.Sha256
            ? new(header.Entry, body.AsMemory(0, header.InputBytes), body.AsMemory(header.InputBytes))
            : null;
    }

    /// <summary>Reads the header. After that, the position of the file is that of the input.</summary>
    private static Header? ReadHeader(FileStream file)
    {
        byte[] start = new byte[MaxHeaderBytes];
        int count = file.ReadAtLeast(start, MaxHeaderBytes, throwOnEndOfStream: false);
        int end = start.AsSpan(0, count).IndexOf((byte)'\n');
        if (end < 0 || Parse(start.AsMemory(0, end)) is not { } header)
            return null;
        file.Position = end + 1;
        return header is { InputBytes: >= 0, OutputBytes: >= 0 } && file.Length == file.Position + header.InputBytes + header.OutputBytes ? header : null;
    }

    private static Header? Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement json = document.RootElement;
            if (json.GetProperty("version").GetInt32() != Version)
                return null;
            StoredEntry entry = new(
                json.GetProperty("id").GetString()!, (StoredKind)json.GetProperty("kind").GetInt32(), json.GetProperty("owner").GetString()!, json.GetProperty("created").GetInt64())
            {
                Written = json.GetProperty("written").GetInt64(),
                State = (StoredState)json.GetProperty("state").GetInt32(),
                Model = json.GetProperty("model").GetString(),
                Number = json.GetProperty("number").GetInt64(),
            };
            return new(entry, json.GetProperty("input_bytes").GetInt32(), json.GetProperty("output_bytes").GetInt32(), json.GetProperty("sha256").GetString()!);
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    private sealed record Header(StoredEntry Entry, int InputBytes, int OutputBytes, string Sha256);
}
