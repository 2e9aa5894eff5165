using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace RkLlama.Native.Interop;

/// <summary>
/// The struct layout that matches the bytes of a library's default parameters. Layouts 1.2 and 1.3 have the CPU count and the CPU mask at different
/// offsets; layout 1.1 does not have these fields.
/// </summary>
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
    /// <summary>Whether the library exports <c>rkllm_run_async</c> (version 1.1.0 and later).</summary>
    public required bool HasRunAsync { get; init; }

    /// <summary>Whether the library exports <c>rkllm_clear_kv_cache</c> (version 1.2.0 and later).</summary>
    public required bool HasClearKvCache { get; init; }

    /// <summary>Whether the library exports <c>rkllm_get_kv_cache_size</c> and <c>rkllm_set_function_tools</c> (version 1.2.1 and later).</summary>
    public required bool HasKvCacheSizeAndTools { get; init; }

    /// <summary>The version in the version marker, a string that the vendor put into the file; <see langword="null"/> if the file has no marker.</summary>
    public required string? Marker { get; init; }

    /// <summary>The version, if the file is an official binary with a known hash; otherwise <see langword="null"/>.</summary>
    public required string? KnownFile { get; init; }

    public required DefaultsFingerprint Defaults { get; init; }

    private static ReadOnlySpan<byte> MarkerPrefix => "RKLLM SDK (version: "u8;

    /// <summary>
    /// Returns the version in the vendor's marker string, <c>RKLLM SDK (version: …</c>; null if there is none. The string <c>rknn llm lib version</c> is
    /// ignored, because it has the version of another library inside the file.
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
    /// Determines the layout of the default parameters. Layout 1.2 or 1.3 matches if its CPU count is 1 to 8 and equals the number of bits that are set in its
    /// CPU mask. A log line of the library suggests that the defaults have such a mask; this is not confirmed on a board. If neither matches, layout 1.1
    /// matches if its <c>top_p</c> is a probability. In all other cases the result is inconclusive.
    /// </summary>
    internal static DefaultsFingerprint Fingerprint(ReadOnlySpan<byte> defaults)
    {
        bool looks13 = HasCpuFields(defaults, RkllmAbi.V130.RKLLMParam);
        bool looks12 = HasCpuFields(defaults, RkllmAbi.V120.RKLLMParam);
        if (looks13 != looks12)
            return looks13 ? DefaultsFingerprint.V13 : DefaultsFingerprint.V12;

        // From version 1.2.0 on, the integer n_keep is at the offset that top_p has in version 1.1. Read as a float, it is almost 0 or NaN.
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
    /// Returns the version of a file that is an official arm64 binary with a known hash; null for any other file, also for a stripped official binary.
    /// </summary>
    internal static string? FindKnownFile(ReadOnlySpan<byte> file)
    {
        string blob = Convert.ToHexStringLower(Sha1.HashData(Encoding.ASCII.GetBytes($"blob {file.Length}\0"), file));
        if (OfficialBlobs.TryGetValue(blob, out string? version))
            return version;

        return Convert.ToHexStringLower(Sha256.HashData(file)) == Sha256Of131 ? "1.3.1" : null;
    }

    // This hash comes from a public project and is not verified.
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
