namespace RkLlama.Engine.Diagnostics;

/// <summary>
/// The reason why a model cannot be loaded or the vendor library cannot be used. Each code belongs to one check of <c>rkllama doctor</c>:
/// <see cref="LoadFailure.CheckOf"/>.
/// </summary>
internal enum FailureCode
{
    /// <summary>The models directory does not exist or does not contain the model.</summary>
    ModelNotFound,

    /// <summary>The Modelfile is missing, cannot be read or has an error.</summary>
    ModelfileInvalid,

    /// <summary>The model file is missing, is not a model, or was converted for another version of the runtime.</summary>
    ModelFileInvalid,

    /// <summary>The chat template or the tokenizer cannot be used.</summary>
    TemplateInvalid,

    /// <summary>The requested context length is larger than the model allows.</summary>
    ContextLength,

    /// <summary>The model was converted for another chip.</summary>
    WrongPlatform,

    /// <summary>The process has reached its limit of open files.</summary>
    TooManyOpenFiles,

    /// <summary>The NPU device is missing or cannot be opened.</summary>
    NpuDevice,

    /// <summary>The NPU driver is too old, or a driver operation failed.</summary>
    NpuDriver,

    /// <summary>The model needs more memory than the node has.</summary>
    OutOfMemory,

    /// <summary>The worker was killed by SIGKILL, usually by the kernel's out-of-memory killer.</summary>
    Killed,

    /// <summary>The library uses an instruction that this CPU does not have.</summary>
    IllegalInstruction,

    /// <summary>The library was not found.</summary>
    LibraryNotFound,

    /// <summary>The file is not a shared library for this machine.</summary>
    LibraryNotLoadable,

    /// <summary>A library that the vendor library depends on is missing.</summary>
    LibraryDependencyMissing,

    /// <summary>The version of the library is unknown, ambiguous or not supported.</summary>
    LibraryNotIdentified,

    /// <summary>The library reports a version that differs from the identified one.</summary>
    LibraryVersionMismatch,
}

/// <summary>An exception with a <see cref="FailureCode"/>.</summary>
internal interface IHasFailureCode
{
    /// <summary><see langword="null"/> if the cause is not known.</summary>
    FailureCode? Code { get; }
}
