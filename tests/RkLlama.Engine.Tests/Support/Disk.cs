using System.Diagnostics;

namespace RkLlama.Engine.Tests.Support;

/// <summary>A small file system in memory for one test. Unmounted on disposal.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("rkllama-disk-").FullName;

    internal SmallDisk(int kibibytes) => Shell.Run("mount", "-t", "tmpfs", "-o", $"size={kibibytes}k", "tmpfs", _path).Should().BeTrue();

    internal string Path => _path;

    /// <summary>The reason why a test cannot mount a file system; <see langword="null"/> if it can.</summary>
    internal static string? WhyNot { get; } = Probe();

    internal void MakeReadOnly() => Shell.Run("mount", "-o", "remount,ro", _path).Should().BeTrue();

    public void Dispose()
    {
        Shell.Run("umount", _path);
        Directory.Delete(_path);
    }

    private static string? Probe()
    {
        string path = Directory.CreateTempSubdirectory("rkllama-disk-").FullName;
        bool isMounted = Shell.Run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path);
        if (isMounted)
            Shell.Run("umount", path);
        Directory.Delete(path);
        return isMounted ? null : "this user or container may not mount a file system";
    }
}

/// <summary>Runs commands of the system.</summary>
internal static class Shell
{
    /// <returns>Whether the command exists and succeeded.</returns>
    internal static bool Run(string command, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

/// <summary>A test that mounts a file system. Skipped with the reason where that is not possible.</summary>
internal sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute() => Skip = SmallDisk.WhyNot;
}

/// <summary>A test that makes files immutable. Skipped with the reason where that is not possible.</summary>
internal sealed class ImmutableFactAttribute : FactAttribute
{
    private static readonly string? WhyNot = Probe();

    public ImmutableFactAttribute() => Skip = WhyNot;

    private static string? Probe()
    {
        string path = Path.GetTempFileName();
        bool isPossible = Shell.Run("chattr", "+i", path) && Shell.Run("chattr", "-i", path);
        File.Delete(path);
        return isPossible ? null : "chattr +i does not work for this user or this file system";
    }
}
