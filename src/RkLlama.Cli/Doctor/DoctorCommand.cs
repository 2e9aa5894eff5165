using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Cli.Doctor;

/// <summary><c>rkllama doctor</c>: checks the node and prints one line for each finding. A line with a problem also names a remedy.</summary>
internal static class DoctorCommand
{
    /// <param name="setting">Returns the value of a common option, given its name without <c>--</c>; <see langword="null"/> if it is not set.</param>
    internal static Command Create(Func<ParseResult, string, string?> setting)
    {
        Option<bool> json = new("--json") { Description = "Print one JSON object" };
        Option<bool> reach = new(ServiceAccess.Option) { Hidden = true };
        Option<string> root = new("--root") { Description = "Root directory of the node", Hidden = true, DefaultValueFactory = static _ => "/" };
        Command command = new("doctor", "Check the node: NPU, library, service, models, clocks. Run as root for all checks. Exit code 1 if something does not work.") { json, reach, root };
        command.SetAction(result =>
        {
            if (result.GetValue(reach))
                return ServiceAccess.RunAsUser(Console.In, Console.Out);

            NodeSnapshot node = new(result.GetValue(root)!, name => setting(result, name), Environment.GetEnvironmentVariable, CurrentUser.Name)
            {
                IdentifyLibrary = RuntimeProbe.Identify,
                IdentifyRknnLibrary = RuntimeProbe.IdentifyRknn,
                FindDenied = ServiceAccess.FindDenied,
                Health = ServerHealthCheck.QueryHealth,
                FreeBytes = FreeBytes,
            };
            return Report(CheckRun.Run(node), result.GetValue(json), Console.Out);
        });
        return command;
    }

    /// <summary>Prints the findings as lines of text or as one JSON object.</summary>
    /// <returns>The exit code: 1 if a finding is a failure, otherwise 0.</returns>
    internal static int Report(IReadOnlyList<Finding> findings, bool json, TextWriter output)
    {
        DoctorReport report = DoctorReport.Of(findings);
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(report, DoctorJson.Wire.DoctorReport));
        }
        else
        {
            foreach (Finding finding in findings)
                output.WriteLine(Line(finding));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{findings.Count - report.Failures - report.Warnings} ok, {Count(report.Warnings, "warning")}, {Count(report.Failures, "failure")}"));
        }

        return report.Failures > 0 ? 1 : 0;
    }

    internal static string Line(Finding finding) =>
        $"{Name(finding.Verdict),-8} {finding.Id,-17} {finding.Text}{(finding.Remedy is { } remedy ? " → " + remedy : "")}";

    private static string Count(int number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number} {what}{(number == 1 ? "" : "s")}");

    internal static string Name(Verdict verdict) => verdict switch
    {
        Verdict.Ok => "ok",
        Verdict.Warning => "warning",
        _ => "failure",
    };

    /// <summary>Returns the free space of the file system that contains a path, in bytes; null if unknown.</summary>
    internal static long? FreeBytes(string path)
    {
        try
        {
            return new DriveInfo(path).AvailableFreeSpace;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}

/// <summary>The output of <c>rkllama doctor --json</c>.</summary>
/// <param name="Findings">All findings, in the order of the text output.</param>
/// <param name="Failures">Number of findings with the verdict failure.</param>
/// <param name="Warnings">Number of findings with the verdict warning.</param>
internal sealed record DoctorReport(DoctorLine[] Findings, int Failures, int Warnings)
{
    internal static DoctorReport Of(IReadOnlyList<Finding> findings) => new(
        [.. findings.Select(static finding => new DoctorLine(finding.Id, DoctorCommand.Name(finding.Verdict), finding.Text, finding.Remedy))],
        findings.Count(static finding => finding.Verdict == Verdict.Failure),
        findings.Count(static finding => finding.Verdict == Verdict.Warning));
}

/// <summary>One finding in the output of <c>rkllama doctor --json</c>.</summary>
/// <param name="Id">Name of the check.</param>
/// <param name="Verdict">ok, warning or failure.</param>
/// <param name="Text">The result, as a clause without a full stop.</param>
/// <param name="Remedy">What the operator should do; missing if the verdict is ok.</param>
internal sealed record DoctorLine(string Id, string Verdict, string Text, string? Remedy);

/// <summary>JSON serialization of the output of <c>rkllama doctor --json</c>.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class DoctorJson : JsonSerializerContext
{
    /// <summary>The instance to use. Writes most characters without <c>\u</c> escapes.</summary>
    internal static DoctorJson Wire { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
