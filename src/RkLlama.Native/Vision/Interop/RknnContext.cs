using Microsoft.Win32.SafeHandles;

namespace RkLlama.Native.Vision.Interop;

/// <summary>
/// The library's handle of a loaded encoder, an <c>rknn_context</c> (64 bits, like a pointer). <see cref="ImageEncoder"/> owns it. Each call of the library holds
/// a reference to the handle, so the handle is released only after all calls have returned.
/// </summary>
internal sealed class RknnContext : SafeHandleZeroOrMinusOneIsInvalid
{
    public RknnContext()
        : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle() => Rknn.rknn_destroy(handle) == RknnStatus.Success;
}
