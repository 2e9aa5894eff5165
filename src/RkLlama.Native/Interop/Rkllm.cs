using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RkLlama.Native.Interop;

/// <summary>
/// The functions of <c>librkllmrt.so</c> under their C names. Which of them exist and what the buffers hold depends on the version:
/// see <see cref="RkllmAbi"/>. Every function that returns <see langword="int"/> gives 0 on success and −1 on failure; the reason is only ever printed.
/// </summary>
internal static partial class Rkllm
{
    /// <summary>The name the resolver of <see cref="RkllmLibrary"/> answers to; never a file name.</summary>
    internal const string Library = "rkllmrt";

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial RkllmParamBuffer rkllm_createDefaultParam();

    /// <summary>The third argument is the result callback itself up to 1.2.3, and a <c>RKLLMCallback*</c> from 1.3.0 on.</summary>
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

    /// <summary>From 1.2.0. Always called with all four arguments: 1.2.0 ignores the last two, 1.2.1 and later read them.</summary>
    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static unsafe partial int rkllm_clear_kv_cache(RkllmHandle handle, int keep_system_prompt, int* start_pos, int* end_pos);

    /// <summary>From 1.2.0.</summary>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int rkllm_set_chat_template(RkllmHandle handle, string system_prompt, string prompt_prefix, string prompt_postfix);
}

/// <summary>Room for <c>RKLLMParam</c> of any version (184 to 208 bytes), returned by value through the hidden pointer.</summary>
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

    /// <summary>1.1 only; later versions deliver hidden states as <see cref="Normal"/>.</summary>
    GetLastHiddenLayer = 4,
}

/// <summary><c>RKLLMInputType</c>, the values in use.</summary>
internal enum RKLLMInputType
{
    Prompt = 0,
    Token = 1,
}

/// <summary><c>RKLLMInferMode</c>, the values in use.</summary>
internal enum RKLLMInferMode
{
    Generate = 0,
    GetLastHiddenLayer = 1,
}
