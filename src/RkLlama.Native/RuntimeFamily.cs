namespace RkLlama.Native;

/// <summary>An ABI group: versions of the vendor library that share one ABI for text. Oldest first.</summary>
public enum RuntimeFamily
{
    /// <summary>1.1.0 to 1.1.4.</summary>
    V11,

    /// <summary>1.2.0 and 1.2.1b1.</summary>
    V120,

    /// <summary>1.2.1 to 1.2.3.</summary>
    V121,

    /// <summary>1.3.0.</summary>
    V130,

    /// <summary>1.3.1 and, with a warning, later versions.</summary>
    V131,
}
