using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RkLlama.Native.Interop;

/// <summary>
/// The functions of <c>librkllmrt.so</c>, under their C names. The version determines which of them exist and how the structs are laid out:
/// see <see cref="RkllmAbi"/>. Functions that return <see langword="int"/> return 0 on success and −1 on failure; the library prints the
/// reason.
/// </summary>
internal static partial class Rkllm
{
    /// <summary>The import name that <see cref="RkllmResolver"/> resolves. It is not a file name.</summary>
    internal const string Library = "rkllmrt";

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial RkllmParamBuffer rkllm_createDefaultParam();

    /// <summary>The third argument is the result callback up to 1.2.3, and an <c>RKLLMCallback*</c> from 1.3.0 on.</summary>
    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static unsafe partial int rkllm_init(out RkllmHandle handle, RkllmParamBuffer* param, void* callback);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static unsafe partial int rkllm_run(RkllmHandle handle, byte* input, byte* inferParams, nint userdata);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int rkllm_abort(RkllmHandle handle);

    /// <summary>Called by <see cref="RkllmHandle"/> only.</summary>
    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int rkllm_destroy(nint handle);

    /// <summary>From 1.2.0. All four arguments are always passed: 1.2.0 ignores the last two, later versions read them.</summary>
    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static unsafe partial int rkllm_clear_kv_cache(RkllmHandle handle, int keep_system_prompt, int* start_pos, int* end_pos);

    /// <summary>From 1.2.0.</summary>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int rkllm_set_chat_template(RkllmHandle handle, string system_prompt, string prompt_prefix, string prompt_postfix);
}

/// <summary>
/// A buffer for <c>RKLLMParam</c> of any version (184 to 208 bytes). The library returns the struct by value through the hidden pointer of
/// the calling convention.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = Size)]
internal struct RkllmParamBuffer
{
    internal const int Size = 512;
}

/// <summary><c>LLMCallState</c> from 1.1.0 on.</summary>
internal enum LLMCallState
{
    Normal = 0,
    Waiting = 1,
    Finish = 2,
    Error = 3,

    /// <summary>1.1 only. Later versions deliver hidden states as <see cref="Normal"/>.</summary>
    GetLastHiddenLayer = 4,
}

/// <summary>The values of <c>RKLLMInputType</c> that are used.</summary>
internal enum RKLLMInputType
{
    Prompt = 0,
    Token = 1,
}

/// <summary>The values of <c>RKLLMInferMode</c> that are used.</summary>
internal enum RKLLMInferMode
{
    Generate = 0,
    GetLastHiddenLayer = 1,
}
