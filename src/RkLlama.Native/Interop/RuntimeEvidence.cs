using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace RkLlama.Native.Interop;

/// <summary>The layout that a library's default parameters match. The CPU count and mask are at different offsets in each.</summary>
internal enum DefaultsFingerprint
{
    Inconclusive,
    V11,
    V12,
    V13,
}

/// <summary>
/// Everything that is known about a vendor library before <c>rkllm_init</c>. <see cref="RuntimeDetector"/> uses nothing else.
/// </summary>
internal sealed record RuntimeEvidence
{
    /// <summary>Whether the library exports <c>rkllm_run_async</c> (from 1.1.0).</summary>
    public required bool HasRunAsync { get; init; }

    /// <summary>Whether the library exports <c>rkllm_clear_kv_cache</c> (from 1.2.0).</summary>
    public required bool HasClearKvCache { get; init; }

    /// <summary>Whether the library exports <c>rkllm_get_kv_cache_size</c> and <c>rkllm_set_function_tools</c> (from 1.2.1).</summary>
    public required bool HasKvCacheSizeAndTools { get; init; }

    /// <summary>The version of the marker string in the file; <see langword="null"/> if there is none.</summary>
    public required string? Marker { get; init; }

    /// <summary>The version of the official binary with the same hash; <see langword="null"/> if there is none.</summary>
    public required string? KnownFile { get; init; }

    public required DefaultsFingerprint Defaults { get; init; }

    private static ReadOnlySpan<byte> MarkerPrefix => "RKLLM SDK (version: "u8;

    /// <summary>
    /// Finds the vendor's marker string. The string <c>rknn llm lib version</c> is ignored, because it names an inner library.
    /// </summary>
    internal static string? FindMarker(ReadOnlySpan<byte> file)
    {
        for (int at; (at = file.IndexOf(MarkerPrefix)) >= 0;)
        {
            file = file[(at + MarkerPrefix.Length)..];
            int end = file[..Math.Min(file.Length, 32)].IndexOfAny(" |)\0"u8);
            if (end > 0 && RuntimeVersion.TryParse(Encoding.ASCII.GetString(file[..end]), out RuntimeVersion version))
                return version.ToString();
        }

        return null;
    }

    /// <summary>
    /// Determines the layout of the default parameters: in the matching layout, the CPU count is 1 to 8 and the mask has that many bits. A log
    /// line of the library suggests that the defaults have such a mask; this is not confirmed on a board. A mask of 0 is inconclusive.
    /// </summary>
    internal static DefaultsFingerprint Fingerprint(ReadOnlySpan<byte> defaults)
    {
        bool looks13 = HasCpuFields(defaults, RkllmAbi.V130.RKLLMParam);
        bool looks12 = HasCpuFields(defaults, RkllmAbi.V120.RKLLMParam);
        if (looks13 != looks12)
            return looks13 ? DefaultsFingerprint.V13 : DefaultsFingerprint.V12;

        // From 1.2.0 on, the integer n_keep is at the offset of top_p in 1.1. As a float it is tiny or NaN.
        float topP = BinaryPrimitives.ReadSingleLittleEndian(defaults[RkllmAbi.V11.RKLLMParam.top_p..]);
        return !looks13 && topP is > 0.001f and <= 1 ? DefaultsFingerprint.V11 : DefaultsFingerprint.Inconclusive;
    }

    private static bool HasCpuFields(ReadOnlySpan<byte> defaults, RKLLMParamLayout layout)
    {
        sbyte count = (sbyte)defaults[layout.enabled_cpus_num];
        uint mask = BinaryPrimitives.ReadUInt32LittleEndian(defaults[layout.enabled_cpus_mask..]);
        return count is >= 1 and <= 8 && mask is > 0 and <= 0xFF && BitOperations.PopCount(mask) == count;
    }

    /// <summary>
    /// Returns the version of the official arm64 binary with the same hash; null for any other file, such as a stripped one.
    /// </summary>
    internal static string? FindKnownFile(ReadOnlySpan<byte> file)
    {
        using IncrementalHash sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        sha1.AppendData(Encoding.ASCII.GetBytes($"blob {file.Length}\0"));
        sha1.AppendData(file);
        string blob = Convert.ToHexStringLower(sha1.GetHashAndReset());
        if (OfficialBlobs.TryGetValue(blob, out string? version))
            return version;

        return Convert.ToHexStringLower(SHA256.HashData(file)) == Sha256Of131 ? "1.3.1" : null;
    }

    // From a public project; not verified.
    private const string Sha256Of131 = "f25e9b099db08aaacd0a3ac62b4697d3951d6ae61ae41ea09f6702cfa89eb32c";

    // Git blob ids of the official arm64 binaries: sha1("blob " + length + NUL + bytes).
    private static readonly Dictionary<string, string> OfficialBlobs = new()
    {
        ["53e00993ebbc7797df09673f806479e8642db946"] = "1.0.0",
        ["a026cbe60905af0ad6c07dfa2fcc339dd4b9fa10"] = "1.0.1",
        ["c913ab1569dfed48916c05fcd898f8d3f9dafe04"] = "1.0.2",
        ["66dfdc7c25cdca9ccf9930798118e17abf7592ff"] = "1.1.0",
        ["bfca051375287d0f5aa754a7b8681b4ede52e259"] = "1.1.1",
        ["e8f4afc38c7394beeff83003dbc772412f649a44"] = "1.1.2",
        ["68e79327e82f675413956be615f48c62ccd0f16e"] = "1.1.3",
        ["3bb8cb6172c4c06e1c622c8f8c579888378784f4"] = "1.1.4",
        ["d45ee9b8dcb9ef27d7dd875ce3be3d5e6dfb654d"] = "1.2.0",
        ["db041c01bba5e0e8f624bb2ff50d48825dde1bfc"] = "1.2.1b1",
        ["6b9439d59f2fe4bb8ef5ee2b09c102f1bf993da9"] = "1.2.1",
        ["8ed9cca16f8d5ad8f7cdd7d393de6561182b3395"] = "1.2.2",
        ["0084abc34ab43359cfa9fd5d4c92ece34127dbd0"] = "1.2.3",
        ["34167b32f99cb7ab19e21fb579fb750d96b878f1"] = "1.3.0",
    };
}
