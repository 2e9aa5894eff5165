using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>The systemd unit.</summary>
public sealed class UnitTests
{
    private static string Unit => File.ReadAllText(Path.Combine(TestPaths.Root, "systemd", "rkllama.service"));

    [Fact]
    public void Systemd_finds_nothing_wrong_with_the_unit()
    {
        string directory = Directory.CreateTempSubdirectory("rkllama-unit-").FullName;
        string path = Path.Combine(directory, "rkllama.service");
        File.WriteAllText(path, Unit.Replace("/opt/rkllama/rkllama", TestPaths.Executable).Replace("WorkingDirectory=/opt/rkllama", $"WorkingDirectory={directory}"));

        using Process verify = Process.Start(new ProcessStartInfo("systemd-analyze", ["verify", path]) { RedirectStandardError = true })!;
        string complaints = verify.StandardError.ReadToEnd();
        verify.WaitForExit();
        Directory.Delete(directory, recursive: true);

        // A misspelt value only gets a warning and an exit code of 0, so any word is a failure.
        complaints.Should().BeEmpty();
        verify.ExitCode.Should().Be(0);
    }

    [Fact]
    public void Systemd_waits_longer_for_the_stop_than_the_stop_takes()
    {
        using Process help = Process.Start(new ProcessStartInfo(TestPaths.Executable, ["--help"]) { RedirectStandardOutput = true })!;
        int grace = Number(help.StandardOutput.ReadToEnd(), @"after a stop was asked for \[(\d+)\]");
        help.WaitForExit();

        // An orderly end of the worker 5 s, of a killed one 10 s, and what is left of the connections 10 s.
        Number(Unit, @"(?m)^TimeoutStopSec=(\d+)$").Should().BeGreaterThanOrEqualTo(grace + 5 + 10 + 10);
    }

    private static int Number(string text, string pattern) => int.Parse(Regex.Match(text, pattern).Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    [Fact]
    public void A_drop_in_with_PORT_changes_the_port()
    {
        Unit.Should().NotContain("--port").And.NotContain("PORT=8080");
    }
}
