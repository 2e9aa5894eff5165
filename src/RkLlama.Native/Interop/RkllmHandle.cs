using Microsoft.Win32.SafeHandles;

namespace RkLlama.Native.Interop;

/// <summary>An <c>LLMHandle</c>. Owned by <see cref="RkllmModel"/>; released only when no run is active, because a call in progress holds a reference.</summary>
internal sealed class RkllmHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public RkllmHandle()
        : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle() => Rkllm.rkllm_destroy(handle) == 0;
}
