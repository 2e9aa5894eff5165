using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RkLlama.Native.Interop;

namespace RkLlama.Native.Vision.Interop;

/// <summary>
/// The functions of <c>librknnrt.so</c> that this project uses, under their C names. They and the layouts of their structs are the same in all supported
/// versions: see <see cref="RknnAbi"/>. All return an <see cref="RknnStatus"/>. The library prints details of a failure to stdout.
/// </summary>
internal static unsafe partial class Rknn
{
    /// <summary>The functions, as the library exports them.</summary>
    internal static readonly string[] Exports =
    [
        nameof(rknn_init), nameof(rknn_query), nameof(rknn_set_core_mask), nameof(rknn_inputs_set), nameof(rknn_run), nameof(rknn_outputs_get),
        nameof(rknn_outputs_release), nameof(rknn_destroy),
    ];

    /// <summary>Loads a model. Blocks until it is loaded.</summary>
    /// <param name="model">The path of the model in NUL-terminated UTF-8, if <paramref name="size"/> is 0.</param>
    /// <param name="extend">Null: the layout of this struct differs between versions.</param>
    [LibraryImport(LibraryResolver.Rknn)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial RknnStatus rknn_init(out RknnContext context, byte* model, uint size, RknnInitFlags flag, void* extend);

    /// <param name="info">A struct that depends on <paramref name="cmd"/>. For an attribute, its field <c>index</c> must be set.</param>
    /// <param name="size">The size of the struct in bytes.</param>
    [LibraryImport(LibraryResolver.Rknn)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial RknnStatus rknn_query(RknnContext context, RknnQuery cmd, void* info, uint size);

    /// <summary>Selects NPU cores by a bit mask. Fails on platforms whose NPU has one core.</summary>
    [LibraryImport(LibraryResolver.Rknn)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial RknnStatus rknn_set_core_mask(RknnContext context, uint core_mask);

    /// <summary>Copies and converts the inputs.</summary>
    /// <param name="inputs">An array of <c>rknn_input</c>.</param>
    [LibraryImport(LibraryResolver.Rknn)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial RknnStatus rknn_inputs_set(RknnContext context, uint n_inputs, byte* inputs);

    /// <summary>Runs the model. Blocks until the run has ended. There is no call that ends a run early.</summary>
    [LibraryImport(LibraryResolver.Rknn)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial RknnStatus rknn_run(RknnContext context, void* extend);

    /// <summary>Returns the outputs of the last run. The library owns their memory until <see cref="rknn_outputs_release"/>.</summary>
    /// <param name="outputs">An array of <c>rknn_output</c>.</param>
    [LibraryImport(LibraryResolver.Rknn)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial RknnStatus rknn_outputs_get(RknnContext context, uint n_outputs, byte* outputs, void* extend);

    /// <summary>Releases all outputs of <see cref="rknn_outputs_get"/>. With a smaller number, the others leak.</summary>
    [LibraryImport(LibraryResolver.Rknn)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial RknnStatus rknn_outputs_release(RknnContext context, uint n_outputs, byte* outputs);

    /// <summary>Called by <see cref="RknnContext"/> only.</summary>
    [LibraryImport(LibraryResolver.Rknn)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial RknnStatus rknn_destroy(nint context);
}

/// <summary>The values of <c>flag</c> of <c>rknn_init</c> that this project uses.</summary>
[Flags]
internal enum RknnInitFlags : uint
{
    None = 0,

    /// <summary>Without this flag, the library gives the process a nice value of −19.</summary>
    DisableProcHighPriority = 0x2000,
}

/// <summary>The values of the C enum <c>rknn_query_cmd</c> that this project uses.</summary>
internal enum RknnQuery : uint
{
    InOutNum = 0,
    InputAttr = 1,
    OutputAttr = 2,
    SdkVersion = 5,
}

/// <summary>The values of the C enum <c>rknn_tensor_type</c> that this project uses.</summary>
internal enum RknnTensorType : uint
{
    Float32 = 0,
    Uint8 = 3,
}

/// <summary>The C enum <c>rknn_tensor_format</c>: the order of the dimensions.</summary>
internal enum RknnTensorFormat : uint
{
    Nchw = 0,
    Nhwc = 1,
    Nc1Hwc2 = 2,
    Undefined = 3,
}
