namespace RkLlama.Engine.Limits;

/// <summary>
/// Limits the garbage-collected heap of the server process. Work that needs more memory fails with <see cref="OutOfMemoryException"/>, so that it costs its own
/// request and not the memory of the model.
/// </summary>
internal static class HeapLimit
{
    /// <summary>The memory of the process besides the heap: executable, stacks, buffers of the runtime.</summary>
    internal const int OtherMiB = 64;

    /// <summary>Sets the limit for this process.</summary>
    /// <param name="memoryMiB">The memory of the process, including <see cref="OtherMiB"/>.</param>
    internal static void Set(int memoryMiB)
    {
        AppContext.SetData("GCHeapHardLimit", (ulong)(memoryMiB - OtherMiB) << 20);
        GC.RefreshMemoryLimit();
    }
}
