namespace RkLlama.Engine.Hardware;

/// <summary>The reason why a file in sysfs, procfs or debugfs could not be read.</summary>
internal enum ReadFailure
{
    NotFound,
    AccessDenied,

    /// <summary>The kernel returned another error, for example because the device is suspended.</summary>
    Unreadable,
}
