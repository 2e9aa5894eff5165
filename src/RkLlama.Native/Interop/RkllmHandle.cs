using Microsoft.Win32.SafeHandles;

namespace RkLlama.Native.Interop;

/// <summary>
/// The library's handle of a loaded model (<c>LLMHandle</c>). <see cref="RkllmModel"/> owns it. Each call of the library holds a reference to the handle,
/// so the handle is released only after all calls have returned.
/// </summary>
internal sealed class RkllmHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public RkllmHandle()
        : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle() => Rkllm.rkllm_destroy(handle) == 0;
}
