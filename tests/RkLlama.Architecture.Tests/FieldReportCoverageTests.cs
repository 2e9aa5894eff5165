using System.Text.RegularExpressions;

namespace RkLlama.Architecture.Tests;

/// <summary>
/// Every row of the table of field reports has tests. The table is <c>reference/field-reports.md</c> beside the conformance data, which
/// RKLLAMA_CONFORMANCE_DATA names, or <c>../shared/reference</c> beside the repository. It is not part of the repository; without it, the test is skipped.
/// </summary>
public sealed partial class FieldReportCoverageTests
{
    private const int TestsPerRow = 3;

    private static string Table { get; } = Path.GetFullPath(Path.Join(
        Environment.GetEnvironmentVariable("RKLLAMA_CONFORMANCE_DATA") is { Length: > 0 } data ? Path.Join(data, "..") : Path.Join(RepositoryRoot.Path, "..", "shared"),
        "reference",
        "field-reports.md"));

    [FieldReports]
    public void Every_row_has_a_test_of_its_own_and_two_more_of_its_kind()
    {
        string[] rows = [.. Row.Matches(File.ReadAllText(Table)).Select(match => match.Groups[1].Value).Distinct()];
        ILookup<string, string> tests = Sources()
            .SelectMany(file => TestRow.Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value))
            .ToLookup(id => id);

        rows.Should().HaveCountGreaterThan(80);
        rows.Where(id => tests[id].Count() < TestsPerRow).Should().BeEmpty("each row needs {0} tests in the folders FieldReports", TestsPerRow);
        tests.Select(group => group.Key).Except(rows).Should().BeEmpty("each test names a row of the table");
    }

    private static IEnumerable<string> Sources() =>
        Directory.EnumerateDirectories(Path.Join(RepositoryRoot.Path, "tests"))
            .Select(project => Path.Join(project, "FieldReports"))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs"));

    [GeneratedRegex(@"(?m)^\| ([A-Z][0-9]{2}) \|")]
    private static partial Regex Row { get; }

    [GeneratedRegex("""(?m)(?:\[InlineData\(|^\s*\{ )"([A-Z][0-9]{2})",""")]
    private static partial Regex TestRow { get; }

    /// <summary>A test that needs the table. Skipped if the table is missing.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class FieldReportsAttribute : FactAttribute
    {
        public FieldReportsAttribute() => Skip = File.Exists(Table) ? null : $"No table of field reports: {Table} does not exist.";
    }
}
