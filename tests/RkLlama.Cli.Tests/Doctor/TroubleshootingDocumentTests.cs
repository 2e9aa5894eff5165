using System.Text.RegularExpressions;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Cli.Tests.Doctor;

/// <summary>docs/troubleshooting.md has one row for each check and no others.</summary>
public sealed class TroubleshootingDocumentTests
{
    [Fact]
    public void Every_check_has_a_row()
    {
        string text = File.ReadAllText(Path.Join(HealthyNode.FindRoot(), "docs", "troubleshooting.md"));
        string table = text[text.IndexOf("| check |", StringComparison.Ordinal)..text.IndexOf("## What cannot", StringComparison.Ordinal)];

        IEnumerable<string> rows = Regex.Matches(table, @"(?m)^\| (`[^|]+`) \|").SelectMany(row => Regex.Matches(row.Groups[1].Value, "`([a-z-]+)`").Select(id => id.Groups[1].Value));

        rows.Should().Equal(CheckIds.All);
    }
}
