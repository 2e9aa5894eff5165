using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>The systemd units and the service's settings file. How they behave is tests/packaging/install.sh's business.</summary>
public sealed class UnitTests
{
    private const string Service = "rkllama.service";
    private const string Tune = "rkllama-tune.service";

    [Theory]
    [InlineData(Service)]
    [InlineData(Tune)]
    public void Systemd_finds_nothing_wrong_with_the_unit(string unit)
    {
        string directory = Directory.CreateTempSubdirectory("rkllama-unit-").FullName;
        string path = Path.Combine(directory, unit);
        File.WriteAllText(path, Text(unit)
            .Replace("/opt/rkllama/rkllama", TestPaths.Executable)
            .Replace("WorkingDirectory=/var/lib/rkllama", $"WorkingDirectory={directory}"));

        (int exitCode, string complaints) = Analyze("verify", path);
        Directory.Delete(directory, recursive: true);

        // A misspelt value only gets a warning and an exit code of 0, so any word is a failure.
        complaints.Should().BeEmpty();
        exitCode.Should().Be(0);
    }

    [Theory]
    [InlineData(Service)]
    [InlineData(Tune)]
    public void The_unit_is_exposed_2_5_at_most(string unit)
    {
        (int exitCode, string complaints) = Analyze("security", "--offline=yes", "--threshold=25", UnitPath(unit));

        exitCode.Should().Be(0, "{0}", complaints);
    }

    [Fact]
    public void Systemd_waits_longer_for_the_stop_than_the_stop_takes()
    {
        using Process help = Process.Start(new ProcessStartInfo(TestPaths.Executable, ["--help"]) { RedirectStandardOutput = true })!;
        int grace = Number(help.StandardOutput.ReadToEnd(), @"after a stop was asked for \[(\d+)\]");
        help.WaitForExit();

        // An orderly end of the worker 5 s, of a killed one 10 s, and what is left of the connections 10 s.
        Number(Text(Service), @"(?m)^TimeoutStopSec=(\d+)$").Should().BeGreaterThanOrEqualTo(grace + 5 + 10 + 10);
    }

    private static int Number(string text, string pattern) => int.Parse(Regex.Match(text, pattern).Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    [Fact]
    public void A_drop_in_with_PORT_changes_the_port()
    {
        Text(Service).Should().NotContain("--port").And.NotContain("PORT=8080").And.NotContain("--target_platform");
    }

    [Fact]
    public void The_settings_file_sets_nothing_and_knows_every_setting()
    {
        string text = File.ReadAllText(Path.Combine(TestPaths.Root, "packaging", "rkllama.env"));
        using Process help = Process.Start(new ProcessStartInfo(TestPaths.Executable, ["--help"]) { RedirectStandardOutput = true })!;
        string[] settings = [.. help.StandardOutput.ReadToEnd().Split([' ', '\n', ';'], StringSplitOptions.RemoveEmptyEntries).Where(word => word.StartsWith("RKLLAMA_", StringComparison.Ordinal))];
        help.WaitForExit();

        text.Split('\n').Should().OnlyContain(line => line.Length == 0 || line[0] == '#');
        settings.Should().HaveCountGreaterThan(20);

        // It would beat the PORT of a drop-in.
        foreach (string setting in settings.Except(["RKLLAMA_PORT"]))
            text.Should().Contain($"\n#{setting}=");
        text.Should().NotContain("#RKLLAMA_PORT=").And.NotContain("#PORT=");
    }

    private static string UnitPath(string unit) => Path.Combine(TestPaths.Root, "systemd", unit);

    private static string Text(string unit) => File.ReadAllText(UnitPath(unit));

    private static (int ExitCode, string Complaints) Analyze(params string[] arguments)
    {
        using Process analyze = Process.Start(new ProcessStartInfo("systemd-analyze", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        Task<string> output = analyze.StandardOutput.ReadToEndAsync();
        string complaints = analyze.StandardError.ReadToEnd();
        output.Wait();
        analyze.WaitForExit();
        return (analyze.ExitCode, complaints);
    }
}
