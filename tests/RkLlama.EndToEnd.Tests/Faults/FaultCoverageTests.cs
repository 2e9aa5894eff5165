using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>
/// Every fault that the simulator supports has a test case. The faults of pictures have theirs in <c>simulator/selftest</c> and <c>RkLlama.Native.Tests</c>, because
/// the server sends no pictures to the libraries yet.
/// </summary>
public sealed partial class FaultCoverageTests
{
    [Fact]
    public void Every_fault_of_the_simulator_has_a_case()
    {
        string header = File.ReadAllText(Path.Combine(TestPaths.Root, "simulator", "base", "faults.h"));
        string[] known = [.. Fault.Matches(header).Select(match => match.Groups[1].Value).Where(static name => !IsOfPictures(name))];

        IEnumerable<FaultCase> cases = [.. LoadFaults.Refused, .. LoadFaults.Survived, .. RunFaults.All, .. ControlFaults.Leaving, .. ControlFaults.Ending, .. ControlFaults.Repeating];

        known.Should().HaveCountGreaterThan(40).And.BeSubsetOf(cases.Select(fault => fault.Name.Split(':', '@')[0]));
    }

    private static bool IsOfPictures(string name) => name is "stale_image" or "blend_images" or "image_leak" || name.StartsWith("rknn_", StringComparison.Ordinal);

    [GeneratedRegex(@"F\([A-Z]+, (\w+)\)")]
    private static partial Regex Fault { get; }
}
