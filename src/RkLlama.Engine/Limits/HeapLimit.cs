namespace RkLlama.Engine.Limits;

/// <summary>
/// Limits the garbage-collected heap of the server process. If a request needs more memory, it fails with an <see cref="OutOfMemoryException"/>. So
/// requests do not take the memory that the model needs.
/// </summary>
internal static class HeapLimit
{
    /// <summary>The assumed memory of the process outside the heap, in MiB: executable, stacks, internal buffers of .NET.</summary>
    internal const int OtherMiB = 64;

    /// <summary>Sets the limit for this process.</summary>
    /// <param name="memoryMiB">The maximum memory of the process, including <see cref="OtherMiB"/>.</param>
    internal static void Set(int memoryMiB)
    {
        AppContext.SetData("GCHeapHardLimit", (ulong)(memoryMiB - OtherMiB) << 20);
        GC.RefreshMemoryLimit();
    }
}
