namespace RkLlama.Engine.Hardware;

/// <summary>Why a file of the kernel has no value.</summary>
internal enum ReadFailure
{
    NotFound,
    AccessDenied,

    /// <summary>The file exists and may be opened, but the kernel returns an error.</summary>
    Unreadable,
}
