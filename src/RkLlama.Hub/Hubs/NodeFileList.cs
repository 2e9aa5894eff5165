using System.Text.Json;

namespace RkLlama.Hub.Hubs;

/// <summary>
/// The list of the files of a model, as a node sends it. The node may be hostile, so the list is read without building objects for JSON values that are not
/// needed.
/// </summary>
/// <param name="Revision">The revision of the model.</param>
/// <param name="ModelFile">The path of the .rkllm file; <see langword="null"/> if the node does not say.</param>
/// <param name="IsHashing">Whether the node still computes hashes.</param>
internal sealed record NodeFileList(string Revision, string? ModelFile, bool IsHashing, IReadOnlyList<HubFile> Files)
{
    /// <summary>Maximum size of the JSON in bytes.</summary>
    internal const int MaxBytes = 1 << 20;

    private const int MaxFiles = 1000;

    /// <exception cref="JsonException">The text is not JSON, or not such a list, or has too many files.</exception>
    /// <exception cref="InvalidOperationException">A value has a wrong type, or a text is not valid.</exception>
    /// <exception cref="FormatException">A size is not a whole number.</exception>
    internal static NodeFileList Parse(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        string? revision = null, modelFile = null;
        bool isHashing = false;
        List<HubFile>? files = null;
        Expect(ref reader, JsonTokenType.StartObject);
        while (NextProperty(ref reader) is { } name)
        {
            switch (name)
            {
                case "revision":
                    revision = reader.GetString();
                    break;
                case "model_file":
                    modelFile = reader.GetString();
                    break;
                case "hashing":
                    isHashing = reader.TokenType == JsonTokenType.True;
                    reader.Skip();
                    break;
                case "files":
                    files = ReadFiles(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new(revision ?? throw new JsonException("no revision"), modelFile, isHashing, files ?? throw new JsonException("no files"));
    }

    private static List<HubFile> ReadFiles(ref Utf8JsonReader reader)
    {
        List<HubFile> files = [];
        ThrowIfNot(reader.TokenType, JsonTokenType.StartArray);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (files.Count >= MaxFiles)
                throw new JsonException("too many files");
            ThrowIfNot(reader.TokenType, JsonTokenType.StartObject);
            files.Add(ReadFile(ref reader));
        }

        return files;
    }

    private static HubFile ReadFile(ref Utf8JsonReader reader)
    {
        string? path = null, sha256 = null, tag = null;
        long? size = null;
        while (NextProperty(ref reader) is { } name)
        {
            switch (name)
            {
                case "path":
                    path = reader.GetString();
                    break;
                case "size":
                    size = reader.GetInt64();
                    break;
                case "sha256":
                    sha256 = reader.GetString();
                    break;
                case "etag":
                    tag = reader.GetString();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new(path ?? throw new JsonException("no path"), size ?? throw new JsonException("no size"))
        {
            Sha256 = sha256 is { Length: 64 } && sha256.All(char.IsAsciiHexDigitLower) ? sha256 : null,
            Tag = tag ?? throw new JsonException("no etag"),
        };
    }

    /// <summary>Moves to the value of the next property.</summary>
    /// <returns>The name of the property; <see langword="null"/> at the end of the object.</returns>
    private static string? NextProperty(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType == JsonTokenType.EndObject)
            return null;

        // Unknown names may be long, so they are not copied.
        string name = reader.ValueTextEquals("revision"u8) ? "revision"
            : reader.ValueTextEquals("model_file"u8) ? "model_file"
            : reader.ValueTextEquals("hashing"u8) ? "hashing"
            : reader.ValueTextEquals("files"u8) ? "files"
            : reader.ValueTextEquals("path"u8) ? "path"
            : reader.ValueTextEquals("size"u8) ? "size"
            : reader.ValueTextEquals("sha256"u8) ? "sha256"
            : reader.ValueTextEquals("etag"u8) ? "etag"
            : "";
        reader.Read();
        return name;
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        reader.Read();
        ThrowIfNot(reader.TokenType, type);
    }

    private static void ThrowIfNot(JsonTokenType found, JsonTokenType expected)
    {
        if (found != expected)
            throw new JsonException($"{found} in place of {expected}");
    }
}
