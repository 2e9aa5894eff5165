namespace RkLlama.Native;

/// <summary>An ABI group: library versions with the same binary interface for text input. The values are in order of age, oldest first.</summary>
public enum RuntimeFamily
{
    /// <summary>Library versions 1.1.0 to 1.1.4.</summary>
    V11,

    /// <summary>Library versions 1.2.0 and 1.2.1b1.</summary>
    V120,

    /// <summary>Library versions 1.2.1 to 1.2.3.</summary>
    V121,

    /// <summary>Library version 1.3.0.</summary>
    V130,

    /// <summary>Library version 1.3.1. Also used for later versions; the operator then gets a warning.</summary>
    V131,
}
