namespace RkLlama.Engine.Diagnostics;

/// <summary>
/// The reason why a model cannot be loaded or the vendor library cannot be used. <see cref="LoadFailure.CheckOf"/> returns the check of
/// <c>rkllama doctor</c> that explains it.
/// </summary>
internal enum FailureCode
{
    /// <summary>The models directory does not exist, cannot be read, or does not contain the model.</summary>
    ModelNotFound,

    /// <summary>The Modelfile is missing, cannot be read or has an error.</summary>
    ModelfileInvalid,

    /// <summary>The model file is missing, cannot be read, is not a model, or was converted for another version of the vendor library.</summary>
    ModelFileInvalid,

    /// <summary>The chat template or the tokenizer cannot be used.</summary>
    TemplateInvalid,

    /// <summary>The vendor library rejected the requested context length and printed no smaller limit that the server could use instead.</summary>
    ContextLength,

    /// <summary>The vendor library reported a platform error. Usually the model was converted for another chip.</summary>
    WrongPlatform,

    /// <summary>The worker process has reached its limit of open files.</summary>
    TooManyOpenFiles,

    /// <summary>The NPU device is missing or cannot be opened.</summary>
    NpuDevice,

    /// <summary>The NPU driver is too old, or a driver operation failed.</summary>
    NpuDriver,

    /// <summary>The model needs more memory than is available.</summary>
    OutOfMemory,

    /// <summary>The worker was killed by SIGKILL, usually by the kernel's out-of-memory killer.</summary>
    Killed,

    /// <summary>The worker was killed by SIGILL: the vendor library uses an instruction that this CPU does not have.</summary>
    IllegalInstruction,

    /// <summary>The vendor library was not found.</summary>
    LibraryNotFound,

    /// <summary>The file of the vendor library is not a shared library for this machine.</summary>
    LibraryNotLoadable,

    /// <summary>A library that the vendor library depends on is missing.</summary>
    LibraryDependencyMissing,

    /// <summary>The version of the vendor library is unknown, ambiguous or not supported.</summary>
    LibraryNotIdentified,

    /// <summary>During the load, the vendor library printed another version than the server had detected.</summary>
    LibraryVersionMismatch,
}

/// <summary>An exception with a <see cref="FailureCode"/>.</summary>
internal interface IHasFailureCode
{
    /// <summary>The cause; <see langword="null"/> if it is not known.</summary>
    FailureCode? Code { get; }
}
