namespace RkLlama.Engine.Hardware;

/// <summary>The reason why a file in sysfs, procfs or debugfs could not be read.</summary>
internal enum ReadFailure
{
    NotFound,
    AccessDenied,

    /// <summary>The file exists and the process has permission, but the kernel returns an error.</summary>
    Unreadable,
}
