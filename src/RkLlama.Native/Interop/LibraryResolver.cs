using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RkLlama.Native.Interop;

/// <summary>
/// Resolves imported functions to the vendor libraries that this process has opened. A process uses one file of each library.
/// </summary>
internal static class LibraryResolver
{
    /// <summary>The import name of <c>librkllmrt.so</c>. It is not a file name.</summary>
    internal const string Rkllm = "rkllmrt";

    /// <summary>The import name of <c>librknnrt.so</c>. It is not a file name.</summary>
    internal const string Rknn = "rknnrt";

    private static nint _rkllm;
    private static nint _rknn;

    /// <summary>Sets the <c>librkllmrt.so</c> of this process. Must be called before any of its functions is called.</summary>
    /// <param name="library">The handle that <see cref="NativeLibrary.Load(string)"/> returned.</param>
    /// <returns><see langword="false"/> if another file was set before.</returns>
    internal static bool BindRkllm(nint library) => Bind(ref _rkllm, library);

    /// <summary>The same for <c>librknnrt.so</c>.</summary>
    internal static bool BindRknn(nint library) => Bind(ref _rknn, library);

    private static bool Bind(ref nint slot, nint library) => Interlocked.CompareExchange(ref slot, library, 0) is var earlier && (earlier == 0 || earlier == library);

    // A module initializer runs exactly once. Setting the resolver of an assembly a second time throws.
#pragma warning disable CA2255 // the rule is for libraries; this assembly is part of an application and only sets its own resolver
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Register() => NativeLibrary.SetDllImportResolver(typeof(LibraryResolver).Assembly, static (name, _, _) => name switch
    {
        Rkllm => _rkllm,
        Rknn => _rknn,
        _ => 0,
    });
}
