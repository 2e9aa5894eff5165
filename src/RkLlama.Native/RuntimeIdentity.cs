using RkLlama.Native.Interop;

namespace RkLlama.Native;

/// <summary>The identity of a vendor library, as detected before <c>rkllm_init</c>.</summary>
/// <param name="Family">The ABI group.</param>
/// <param name="Version">The exact version, such as <c>1.2.3</c>, if a marker, a known hash or the operator states it; otherwise <see langword="null"/>.</param>
/// <param name="Evidence">The evidence that determined the group, as text for the log.</param>
/// <param name="Warning">A warning for the operator, or <see langword="null"/>.</param>
public sealed record RuntimeIdentity(RuntimeFamily Family, string? Version, string Evidence, string? Warning)
{
    /// <summary>
    /// Whether a library that reports <paramref name="version"/> at run time is compatible with the ABI group <paramref name="family"/>.
    /// </summary>
    public static bool Accepts(RuntimeFamily family, string version) =>
        !RuntimeVersion.TryParse(version, out RuntimeVersion parsed)
        || (parsed.Family ?? (parsed.IsUnknownNewer ? RuntimeFamily.V131 : family)) is var reported
        && (reported == family || (reported >= RuntimeFamily.V130 && family >= RuntimeFamily.V130));

    /// <summary>The version, or the range of versions that share the ABI.</summary>
    public string Description => Version ?? Family switch
    {
        RuntimeFamily.V11 => "1.1.0 to 1.1.4",
        RuntimeFamily.V120 => "1.2.0",
        RuntimeFamily.V121 => "1.2.1 to 1.2.3",
        RuntimeFamily.V130 => "1.3.0",
        _ => "1.3.1 or later",
    };
}
