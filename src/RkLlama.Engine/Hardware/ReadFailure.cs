namespace RkLlama.Engine.Hardware;

/// <summary>Why there is nothing to read at a path.</summary>
internal enum Absence
{
    NotThere,
    NotAllowed,

    /// <summary>It is there, may be read, and the kernel gives nothing.</summary>
    NotReadable,
}
