using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RkLlama.Native.Interop;

/// <summary>
/// Resolves the imported functions of <see cref="Rkllm"/> to the library that <see cref="RkllmLibrary.Load"/> opened. A process uses one library.
/// </summary>
internal static class RkllmResolver
{
    private static nint _library;

    /// <summary>Sets the library of this process. Must be called before any imported function is called.</summary>
    /// <param name="library">The handle that <see cref="NativeLibrary.Load(string)"/> returned.</param>
    /// <exception cref="RkllmException">Another library was set before.</exception>
    internal static void Bind(nint library)
    {
        nint earlier = Interlocked.CompareExchange(ref _library, library, 0);
        if (earlier != 0 && earlier != library)
            throw new RkllmException("This process has already loaded another RKLLM runtime.");
    }

    // A module initializer runs exactly once. Setting the resolver of an assembly a second time throws.
#pragma warning disable CA2255 // the rule is for libraries; this assembly is part of an application and only sets its own resolver
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Register() =>
        NativeLibrary.SetDllImportResolver(typeof(RkllmResolver).Assembly, static (name, _, _) => name == Rkllm.Library ? _library : 0);
}
