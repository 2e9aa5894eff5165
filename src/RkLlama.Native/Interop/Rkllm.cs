using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RkLlama.Native.Interop;

/// <summary>
/// The functions of <c>librkllmrt.so</c>, under their C names. The version of the library determines which functions exist and which layout the structs
/// have: see <see cref="RkllmAbi"/>. Functions that return <see langword="int"/> return 0 on success and −1 on failure. The library prints the reason
/// of a failure to stdout.
/// </summary>
internal static partial class Rkllm
{
    [LibraryImport(LibraryResolver.Rkllm)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial RkllmParamBuffer rkllm_createDefaultParam();

    /// <param name="callback">Up to library version 1.2.3, the address of the callback function. From 1.3.0 on, a pointer to an <c>RKLLMCallback</c>
    /// struct.</param>
    [LibraryImport(LibraryResolver.Rkllm)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static unsafe partial int rkllm_init(out RkllmHandle handle, RkllmParamBuffer* param, void* callback);

    [LibraryImport(LibraryResolver.Rkllm)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static unsafe partial int rkllm_run(RkllmHandle handle, byte* input, byte* inferParams, nint userdata);

    [LibraryImport(LibraryResolver.Rkllm)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int rkllm_abort(RkllmHandle handle);

    /// <summary>Reads a prompt cache file into the KV cache. Exists from library version 1.1.0 on.</summary>
    [LibraryImport(LibraryResolver.Rkllm, StringMarshalling = StringMarshalling.Utf8)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int rkllm_load_prompt_cache(RkllmHandle handle, string prompt_cache_path);

    /// <summary>Releases the loaded prompt cache file. Exists from library version 1.1.0 on.</summary>
    [LibraryImport(LibraryResolver.Rkllm)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int rkllm_release_prompt_cache(RkllmHandle handle);

    /// <summary>Called by <see cref="RkllmHandle"/> only.</summary>
    [LibraryImport(LibraryResolver.Rkllm)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int rkllm_destroy(nint handle);

    /// <summary>Exists from library version 1.2.0 on. Version 1.2.0 ignores the last two arguments; later versions read them.</summary>
    [LibraryImport(LibraryResolver.Rkllm)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static unsafe partial int rkllm_clear_kv_cache(RkllmHandle handle, int keep_system_prompt, int* start_pos, int* end_pos);

    /// <summary>Exists from library version 1.2.0 on.</summary>
    [LibraryImport(LibraryResolver.Rkllm, StringMarshalling = StringMarshalling.Utf8)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int rkllm_set_chat_template(RkllmHandle handle, string system_prompt, string prompt_prefix, string prompt_postfix);
}

/// <summary>
/// A buffer for the struct <c>RKLLMParam</c> of every library version (184 to 208 bytes). The buffer may be larger than the struct,
/// because the calling convention returns a struct of this size through a hidden pointer to the buffer.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = Size)]
internal struct RkllmParamBuffer
{
    internal const int Size = 512;
}

/// <summary>The C enum <c>LLMCallState</c> of library versions 1.1.0 and later: why the library calls the callback.</summary>
internal enum LLMCallState
{
    Normal = 0,
    Waiting = 1,
    Finish = 2,
    Error = 3,

    /// <summary>Library versions 1.1.0 to 1.1.4 only. Later versions deliver hidden states with <see cref="Normal"/>.</summary>
    GetLastHiddenLayer = 4,
}

/// <summary>The values of the C enum <c>RKLLMInputType</c> that this project uses.</summary>
internal enum RKLLMInputType
{
    Prompt = 0,
    Token = 1,
    Multimodal = 3,
}

/// <summary>The values of the C enum <c>RKLLMInferMode</c> that this project uses.</summary>
internal enum RKLLMInferMode
{
    Generate = 0,
    GetLastHiddenLayer = 1,

    /// <summary>Library version 1.2.0 and later.</summary>
    GetLogits = 2,
}
