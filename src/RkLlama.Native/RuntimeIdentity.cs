using RkLlama.Native.Interop;

namespace RkLlama.Native;

/// <summary>The version of a vendor library, as determined before the call of <c>rkllm_init</c>.</summary>
/// <param name="Family">The ABI group of the library.</param>
/// <param name="Version">The exact version, such as <c>1.2.3</c>; <see langword="null"/> if only the group is known.</param>
/// <param name="Evidence">What determined the group, as text for the log.</param>
/// <param name="Warning">A warning for the operator; <see langword="null"/> for none.</param>
public sealed record RuntimeIdentity(RuntimeFamily Family, string? Version, string Evidence, string? Warning)
{
    /// <summary>
    /// Returns whether a library that prints <paramref name="version"/> during a model load has the ABI of <paramref name="family"/>. Text that is not
    /// a version, and versions before 1.3.1 that belong to no group, are accepted.
    /// </summary>
    public static bool Accepts(RuntimeFamily family, string version) =>
        !RuntimeVersion.TryParse(version, out RuntimeVersion parsed)
        || (parsed.Family ?? (parsed.IsUnknownNewer ? RuntimeFamily.V131 : family)) is var reported
        && (reported == family || (reported >= RuntimeFamily.V130 && family >= RuntimeFamily.V130));

    /// <summary>The exact version if it is known; otherwise the versions of the ABI group, such as <c>1.2.1 to 1.2.3</c>.</summary>
    public string Description => Version ?? Family switch
    {
        RuntimeFamily.V11 => "1.1.0 to 1.1.4",
        RuntimeFamily.V120 => "1.2.0",
        RuntimeFamily.V121 => "1.2.1 to 1.2.3",
        RuntimeFamily.V130 => "1.3.0",
        _ => "1.3.1 or later",
    };
}
