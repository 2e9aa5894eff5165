using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RkLlama.Native.Interop;

/// <summary>Binds the imports of <see cref="Rkllm"/> to the library that <see cref="RkllmLibrary.Load"/> opened. One per process, set once.</summary>
internal static class RkllmResolver
{
    private static nint _library;

    /// <summary>The library that this process drives. Set before the first call; a second, different library is refused.</summary>
    internal static void Bind(nint library)
    {
        nint earlier = Interlocked.CompareExchange(ref _library, library, 0);
        if (earlier != 0 && earlier != library)
            throw new RkllmException("This process already drives another RKLLM runtime.");
    }

    // A module initializer because a resolver may be set only once per assembly, whoever starts first.
#pragma warning disable CA2255 // meant for applications; this assembly is part of one and sets nothing but its own resolver
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Register() =>
        NativeLibrary.SetDllImportResolver(typeof(RkllmResolver).Assembly, static (name, _, _) => name == Rkllm.Library ? _library : 0);
}
