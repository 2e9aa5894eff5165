using Microsoft.Win32.SafeHandles;

namespace RkLlama.Native.Interop;

/// <summary>
/// An <c>LLMHandle</c>. Owned by <see cref="RkllmModel"/>. It is released only when no call is in progress, because a call holds a reference.
/// </summary>
internal sealed class RkllmHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public RkllmHandle()
        : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle() => Rkllm.rkllm_destroy(handle) == 0;
}
