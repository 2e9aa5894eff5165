using System.Globalization;
using System.Text;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>
/// The table of <c>docs/reliability.md</c>, with the measurements of the fault tests. After each test the table is written to the file that
/// <c>RKLLAMA_RELIABILITY_TABLE</c> names. Without the variable, nothing is written.
/// </summary>
internal static class ReliabilityTable
{
    private static readonly string? Target = Environment.GetEnvironmentVariable("RKLLAMA_RELIABILITY_TABLE");
    private static readonly string[] Kinds = ["load", "run", "control"];
    private static readonly Lock Writing = new();
    private static readonly SortedDictionary<string, (FaultCase Fault, SortedDictionary<string, (string Sees, double Seconds)> Versions)> Rows = new(StringComparer.Ordinal);

    /// <param name="kind">load, run or control; rows are sorted by it.</param>
    /// <param name="sees">What the client received.</param>
    /// <param name="seconds">From the end of the failed answer to the end of the next complete one. The longest of several values is used.</param>
    internal static void Record(string kind, FaultRig rig, string sees, double seconds)
    {
        if (Target is null)
            return;

        lock (Writing)
        {
            string key = $"{Array.IndexOf(Kinds, kind)}{kind}: `{rig.Fault.Name}`";
            if (!Rows.TryGetValue(key, out (FaultCase Fault, SortedDictionary<string, (string Sees, double Seconds)> Versions) row))
                Rows[key] = row = (rig.Fault, new(StringComparer.Ordinal));
            double longest = row.Versions.TryGetValue(rig.Runtime, out (string Sees, double Seconds) earlier) ? Math.Max(seconds, earlier.Seconds) : seconds;
            row.Versions[rig.Runtime] = (rig.Plain(sees), longest);
            File.WriteAllText(Target, Markdown());
        }
    }

    private static string Markdown()
    {
        StringBuilder table = new();
        table.Append("| fault | stands for | what the client sees | ").AppendJoin(" | ", TestPaths.Runtimes).Append(" |\n");
        table.Append("|---|---|---|").Insert(table.Length, "---|", TestPaths.Runtimes.Length).Append('\n');
        foreach ((string key, (FaultCase fault, SortedDictionary<string, (string Sees, double Seconds)> versions)) in Rows)
        {
            table.Append(CultureInfo.InvariantCulture, $"| {key[1..]} | {fault.Meaning} | {Sees(versions)} |");
            foreach (string runtime in TestPaths.Runtimes)
                table.Append(CultureInfo.InvariantCulture, $" {Seconds(runtime, versions)} |");
            table.Append('\n');
        }

        return table.ToString();
    }

    /// <summary>Returns the texts of all versions. Versions with equal texts share one.</summary>
    private static string Sees(SortedDictionary<string, (string Sees, double Seconds)> versions)
    {
        IGrouping<string, string>[] texts = [.. versions.GroupBy(version => version.Value.Sees, version => version.Key)];
        return string.Join("; ", texts.Select(text => texts.Length == 1 ? Cell(text.Key) : $"{string.Join(", ", text)}: {Cell(text.Key)}"));
    }

    private static string Cell(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);

    private static string Seconds(string runtime, SortedDictionary<string, (string Sees, double Seconds)> versions) =>
        versions.TryGetValue(runtime, out (string Sees, double Seconds) seen) ? seen.Seconds < 0.1 ? "<0.1" : seen.Seconds.ToString("F1", CultureInfo.InvariantCulture) : "–";
}
