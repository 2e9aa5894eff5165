using System.Runtime.InteropServices;
using RkLlama.Native.Interop;

namespace RkLlama.Native;

/// <summary>
/// The vendor library, loaded into this process, and its version. It stays loaded until the process ends, because unloading it is not safe.
/// </summary>
public sealed class RkllmLibrary
{
    private RkllmLibrary(string path, RuntimeIdentity identity)
    {
        Path = path;
        Identity = identity;
        Abi = RkllmAbi.For(identity.Family, identity.Version);
    }

    public string Path { get; }

    public RuntimeIdentity Identity { get; }

    internal RkllmAbi Abi { get; }

    /// <summary>Loads the library and determines its version. A process can load one library only: further calls must name the same file.</summary>
    /// <param name="path">The full path of <c>librkllmrt.so</c>.</param>
    /// <param name="versionOverride">The version that the operator configured, such as <c>1.2.3</c>, which replaces the detection; null or blank to
    /// detect the version.</param>
    /// <exception cref="RkllmException">The library cannot be loaded, or its version cannot be determined. The message tells the operator what to
    /// do.</exception>
    public static RkllmLibrary Load(string path, string? versionOverride = null)
    {
        nint library = Open(path);
        if (!LibraryResolver.BindRkllm(library))
            throw new RkllmException("This process has already loaded another RKLLM runtime.");
        return new(path, Identify(CollectEvidence(path, library), versionOverride));
    }

    private static RuntimeIdentity Identify(RuntimeEvidence evidence, string? versionOverride)
    {
        try
        {
            return RuntimeDetector.Detect(evidence, versionOverride);
        }
        catch (RkllmException ex)
        {
            throw new RkllmException(ex.Message, ex) { Code = RkllmErrorCode.LibraryNotIdentified };
        }
    }

    private static nint Open(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception ex) when (ex is DllNotFoundException or BadImageFormatException)
        {
            // The last line of the message is the error of the dynamic linker. It has no error code, so CodeOf and Remedy classify its text.
            string reason = ex.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
            throw new RkllmException($"The RKLLM runtime could not be loaded ({reason}): {Remedy(reason)}.", ex) { Code = CodeOf(reason) };
        }
    }

    private static RkllmErrorCode CodeOf(string reason) =>
        reason.Contains("cannot open shared object", StringComparison.Ordinal) || reason.Contains("not found (required by", StringComparison.Ordinal)
            ? RkllmErrorCode.LibraryDependencyMissing
            : RkllmErrorCode.LibraryNotLoadable;

    private static string Remedy(string reason) => reason switch
    {
        _ when reason.Contains("libgomp", StringComparison.Ordinal) => "install its dependency with 'apt-get install libgomp1'",
        _ when reason.Contains("libomp", StringComparison.Ordinal) => "install its dependency with 'apt-get install libomp5'",
        _ when reason.Contains("cannot open shared object", StringComparison.Ordinal) => "install the library it depends on ('ldd' on the file names what is missing)",
        _ when reason.Contains("ELF", StringComparison.OrdinalIgnoreCase) || reason.Contains("too short", StringComparison.Ordinal)
            => "the file is not a library for this machine; copy the aarch64 library of a Rockchip RKLLM release",
        _ => "check the file with 'ldd'",
    };

    private static RuntimeEvidence CollectEvidence(string path, nint library)
    {
        byte[] file = File.ReadAllBytes(path);
        bool hasRunAsync = Has("rkllm_run_async");
        return new()
        {
            HasRunAsync = hasRunAsync,
            HasClearKvCache = Has("rkllm_clear_kv_cache"),
            HasKvCacheSizeAndTools = Has("rkllm_get_kv_cache_size") && Has("rkllm_set_function_tools"),
            Marker = RuntimeEvidence.FindMarker(file),
            KnownFile = RuntimeEvidence.FindKnownFile(file),
            Defaults = hasRunAsync ? RuntimeEvidence.Fingerprint(Defaults()) : DefaultsFingerprint.Inconclusive,
        };

        bool Has(string symbol) => NativeLibrary.TryGetExport(library, symbol, out _);
    }

    private static byte[] Defaults()
    {
        RkllmParamBuffer defaults = Rkllm.rkllm_createDefaultParam();
        return MemoryMarshal.AsBytes(new ReadOnlySpan<RkllmParamBuffer>(in defaults)).ToArray();
    }
}
