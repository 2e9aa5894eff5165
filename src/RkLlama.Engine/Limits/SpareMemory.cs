namespace RkLlama.Engine.Limits;

/// <summary>
/// Frees memory that is not needed at the moment, such as cached tokenizers, if the heap has reached its limit. Thread-safe.
/// </summary>
internal sealed class SpareMemory
{
    private volatile Func<bool> _free = static () => false;

    /// <summary>Sets the method that makes unneeded objects collectable. It returns whether there were any. Any thread may call it.</summary>
    internal void Set(Func<bool> free) => _free = free;

    /// <summary>Makes the unneeded objects collectable.</summary>
    /// <returns>Whether there were any.</returns>
    internal bool Free() => _free();

    /// <summary>Does work. If it needs more memory than the heap has, frees memory and does the work once more.</summary>
    /// <exception cref="OutOfMemoryException">There is too little memory, and none could be freed.</exception>
    internal T Use<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (OutOfMemoryException) when (_free())
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            return work();
        }
    }
}
