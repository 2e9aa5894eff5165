namespace RkLlama.Native.Vision.Interop;

/// <summary>
/// The sizes of the structs of <c>librknnrt.so</c> and the offsets of their fields, in bytes. They are the same in versions 1.6.0 to 2.3.2. Source: the vendor's
/// headers, compiled for x86-64 and arm64. Tests verify the offsets with a C compiler.
/// </summary>
internal static class RknnAbi
{
    /// <summary>The oldest version with these layouts.</summary>
    internal const string OldestVersion = "1.6.0";

    /// <summary>The newest version whose layouts were compared.</summary>
    internal const string NewestVersion = "2.3.2";
}

/// <summary>The struct <c>rknn_input_output_num</c>.</summary>
internal static class rknn_input_output_numLayout
{
    public const int size = 8;
    public const int n_input = 0;
    public const int n_output = 4;
}

/// <summary>The struct <c>rknn_tensor_attr</c>. Its own field <c>size</c> is <c>size_</c> here.</summary>
internal static class rknn_tensor_attrLayout
{
    public const int size = 376;
    public const int index = 0;
    public const int n_dims = 4;
    public const int dims = 8;
    public const int name = 72;
    public const int n_elems = 328;
    public const int size_ = 332;
    public const int fmt = 336;
    public const int type = 340;
}

/// <summary>The struct <c>rknn_input</c>. Its own field <c>size</c> is <c>size_</c> here.</summary>
internal static class rknn_inputLayout
{
    public const int size = 32;
    public const int index = 0;
    public const int buf = 8;
    public const int size_ = 16;
    public const int pass_through = 20;
    public const int type = 24;
    public const int fmt = 28;
}

/// <summary>The struct <c>rknn_output</c>. Its own field <c>size</c> is <c>size_</c> here.</summary>
internal static class rknn_outputLayout
{
    public const int size = 24;
    public const int want_float = 0;
    public const int is_prealloc = 1;
    public const int index = 4;
    public const int buf = 8;
    public const int size_ = 16;
}

/// <summary>The struct <c>rknn_sdk_version</c>: two NUL-terminated strings.</summary>
internal static class rknn_sdk_versionLayout
{
    public const int size = 512;
    public const int api_version = 0;
    public const int drv_version = 256;
}
