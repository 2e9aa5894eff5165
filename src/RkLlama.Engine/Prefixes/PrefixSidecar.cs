using System.Text.Json;
using System.Text.Json.Serialization;

namespace RkLlama.Engine.Prefixes;

/// <summary>The description of a saved prefix, in a JSON file beside it.</summary>
/// <param name="Format">Version of this record; another one is refused.</param>
/// <param name="Bytes">Size of the file with the KV cache.</param>
/// <param name="Sha256">SHA-256 of that file, in lower-case hexadecimal digits.</param>
/// <param name="Tokens">The token ids of the prefix.</param>
/// <param name="Generated">
/// The tokens that the saving run has generated. The runtime may have written them to the file after the prefix.
/// </param>
internal sealed record PrefixSidecar(int Format, PrefixIdentity Identity, long Bytes, string Sha256, int[] Tokens, int[] Generated)
{
    internal const int CurrentFormat = 1;

    /// <summary>Maximum size of the JSON file, in bytes. A context of 128k tokens needs about 1 MB.</summary>
    internal const int MaxJsonBytes = 8 << 20;

    /// <summary>All tokens that the file may contain.</summary>
    [JsonIgnore]
    internal IReadOnlyList<int> AllTokens => [.. Tokens, .. Generated];

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, PrefixJson.Default.PrefixSidecar);

    /// <returns><see langword="null"/> if the text is not a sidecar of the current format.</returns>
    internal static PrefixSidecar? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, PrefixJson.Default.PrefixSidecar) is
                { Format: CurrentFormat, Identity.ModelEdges: not null, Sha256: not null, Tokens.Length: > 0, Generated: not null } sidecar
                ? sidecar
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(PrefixSidecar))]
internal sealed partial class PrefixJson : JsonSerializerContext;
