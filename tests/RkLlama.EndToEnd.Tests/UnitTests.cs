using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Static checks of the systemd units and the service's settings file. tests/packaging/install.sh tests how they behave.</summary>
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

        // For a misspelt value, systemd-analyze only prints a warning and exits with 0. So any output is a failure.
        complaints.Should().BeEmpty();
        exitCode.Should().Be(0);
    }

    [Theory]
    [InlineData(Service)]
    [InlineData(Tune)]
    public void The_exposure_of_the_unit_is_at_most_2_5(string unit)
    {
        (int exitCode, string complaints) = Analyze("security", "--offline=yes", "--threshold=25", UnitPath(unit));

        exitCode.Should().Be(0, "{0}", complaints);
    }

    [Fact]
    public void The_stop_timeout_of_systemd_exceeds_the_longest_stop()
    {
        using Process help = Process.Start(new ProcessStartInfo(TestPaths.Executable, ["--help"]) { RedirectStandardOutput = true })!;
        int grace = Number(help.StandardOutput.ReadToEnd(), @"when the server stops \[(\d+)\]");
        help.WaitForExit();

        // After the drain time: 5 s for an orderly end of the worker, 10 s after killing it, 10 s for the remaining connections.
        Number(Text(Service), @"(?m)^TimeoutStopSec=(\d+)$").Should().BeGreaterThanOrEqualTo(grace + 5 + 10 + 10);
    }

    private static int Number(string text, string pattern) => int.Parse(Regex.Match(text, pattern).Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    [Fact]
    public void A_drop_in_with_PORT_changes_the_port()
    {
        Text(Service).Should().NotContain("--port").And.NotContain("PORT=8080").And.NotContain("--target_platform");
    }

    [Fact]
    public void The_settings_file_contains_every_setting_commented_out()
    {
        string text = File.ReadAllText(Path.Combine(TestPaths.Root, "packaging", "rkllama.env"));
        using Process help = Process.Start(new ProcessStartInfo(TestPaths.Executable, ["--help"]) { RedirectStandardOutput = true })!;
        string[] settings = [.. help.StandardOutput.ReadToEnd().Split([' ', '\n', ';'], StringSplitOptions.RemoveEmptyEntries).Where(word => word.StartsWith("RKLLAMA_", StringComparison.Ordinal))];
        help.WaitForExit();

        text.Split('\n').Should().OnlyContain(line => line.Length == 0 || line[0] == '#');
        settings.Should().HaveCountGreaterThan(20);

        // RKLLAMA_PORT is excepted, because it would override the PORT of a drop-in.
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
