using System.Reflection;
using System.Text;
using RkLlama.Native.Tests.Support;
using RkLlama.Native.Vision;
using RkLlama.Native.Vision.Interop;

namespace RkLlama.Native.Tests.Vision;

/// <summary>Compares the tables of <see cref="RknnAbi"/> with a C compiler's layout for both architectures.</summary>
public sealed class RknnAbiTests
{
    private static readonly Type[] Tables =
    [
        typeof(rknn_input_output_numLayout), typeof(rknn_tensor_attrLayout), typeof(rknn_inputLayout), typeof(rknn_outputLayout), typeof(rknn_sdk_versionLayout),
    ];

    [Fact]
    public void Offsets_match_the_C_compilers_layout_on_x64_and_arm64()
    {
        StringBuilder source = new("#include \"rknn/abi.h\"\n");
        foreach ((string type, string field, int offset) in Tables.SelectMany(Fields))
        {
            source.Append(field == "size"
                ? $"_Static_assert(sizeof({type}) == {offset}, \"{type}\");\n"
                : $"_Static_assert(offsetof({type}, {field.TrimEnd('_')}) == {offset}, \"{type}.{field}\");\n");
        }

        CCompiler.Check(source.ToString());
    }

    [Fact]
    public void Values_of_enums_match_the_C_compilers_values()
    {
        (string Name, long Value)[] values =
        [
            ("RKNN_FLAG_DISABLE_PROC_HIGH_PRIORITY", (long)RknnInitFlags.DisableProcHighPriority),
            ("RKNN_QUERY_IN_OUT_NUM", (long)RknnQuery.InOutNum), ("RKNN_QUERY_INPUT_ATTR", (long)RknnQuery.InputAttr),
            ("RKNN_QUERY_OUTPUT_ATTR", (long)RknnQuery.OutputAttr), ("RKNN_QUERY_SDK_VERSION", (long)RknnQuery.SdkVersion),
            ("RKNN_TENSOR_FLOAT32", (long)RknnTensorType.Float32), ("RKNN_TENSOR_UINT8", (long)RknnTensorType.Uint8),
            ("RKNN_TENSOR_NCHW", (long)RknnTensorFormat.Nchw), ("RKNN_TENSOR_NHWC", (long)RknnTensorFormat.Nhwc),
            ("RKNN_TENSOR_NC1HWC2", (long)RknnTensorFormat.Nc1Hwc2), ("RKNN_TENSOR_UNDEFINED", (long)RknnTensorFormat.Undefined),
            ("RKNN_SUCC", (long)RknnStatus.Success), ("RKNN_ERR_FAIL", (long)RknnStatus.Fail), ("RKNN_ERR_TIMEOUT", (long)RknnStatus.Timeout),
            ("RKNN_ERR_DEVICE_UNAVAILABLE", (long)RknnStatus.DeviceUnavailable), ("RKNN_ERR_MALLOC_FAIL", (long)RknnStatus.AllocationFailed),
            ("RKNN_ERR_PARAM_INVALID", (long)RknnStatus.InvalidParameter), ("RKNN_ERR_MODEL_INVALID", (long)RknnStatus.InvalidModel),
            ("RKNN_ERR_CTX_INVALID", (long)RknnStatus.InvalidContext), ("RKNN_ERR_INPUT_INVALID", (long)RknnStatus.InvalidInput),
            ("RKNN_ERR_OUTPUT_INVALID", (long)RknnStatus.InvalidOutput), ("RKNN_ERR_DEVICE_UNMATCH", (long)RknnStatus.DeviceMismatch),
            ("RKNN_ERR_TARGET_PLATFORM_UNMATCH", (long)RknnStatus.TargetPlatformMismatch),
        ];

        CCompiler.Check("#include \"rknn/abi.h\"\n" + string.Concat(values.Select(entry => $"_Static_assert({entry.Name} == {entry.Value}, \"{entry.Name}\");\n")));
    }

    /// <summary>The sizes and offsets that were measured on the vendor's headers, independent of the simulator's header.</summary>
    [Theory]
    [InlineData(typeof(rknn_input_output_numLayout), 8, "n_input 0, n_output 4")]
    [InlineData(typeof(rknn_tensor_attrLayout), 376, "index 0, n_dims 4, dims 8, name 72, n_elems 328, size_ 332, fmt 336, type 340")]
    [InlineData(typeof(rknn_inputLayout), 32, "index 0, buf 8, size_ 16, pass_through 20, type 24, fmt 28")]
    [InlineData(typeof(rknn_outputLayout), 24, "want_float 0, is_prealloc 1, index 4, buf 8, size_ 16")]
    [InlineData(typeof(rknn_sdk_versionLayout), 512, "api_version 0, drv_version 256")]
    public void Offsets_match_the_measured_layouts(Type table, int size, string offsets)
    {
        string.Join(", ", Fields(table).Select(field => $"{field.Field} {field.Offset}")).Should().Be($"size {size}, {offsets}");
    }

    private static IEnumerable<(string Type, string Field, int Offset)> Fields(Type table) =>
        table.GetFields(BindingFlags.Static | BindingFlags.Public).Select(field => (table.Name.Replace("Layout", ""), field.Name, (int)field.GetRawConstantValue()!));
}
