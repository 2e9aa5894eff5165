using System.Diagnostics;
using System.Text.RegularExpressions;
using RkLlama.Cluster.Tests.Support;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Cluster.Tests;

/// <summary>Runs the examples that readers of docs/cluster.md copy.</summary>
public sealed partial class DocumentTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(TestPaths.Root, "docs", "cluster.md"));

    private static string Example => Python.Match(Document).Groups[1].Value;

    [Fact]
    public void The_example_is_the_same_as_in_the_guide()
    {
        string guide = File.ReadAllText(Path.Combine(TestPaths.Root, "tests", "RkLlama.EndToEnd.Tests", "guide", "balance.py"));

        guide.Should().StartWith(Example);
    }

    [Theory]
    [InlineData(Balancer.HAProxy)]
    [InlineData(Balancer.Nginx)]
    public async Task The_example_works_with_a_balancer_as_its_only_node(string balancer)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, speed: 0);
        string source = Nodes.Replace(Example, $"NODES = [\"http://{cluster.Balancer.Address.Authority}\"]") + "\nprint(generate('Hello!'))";

        using Process python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", source]) { RedirectStandardOutput = true })!;
        string output = await python.StandardOutput.ReadToEndAsync();
        await python.WaitForExitAsync();

        python.ExitCode.Should().Be(0);
        output.Should().Contain("Hello");
    }

    /// <summary>HAProxy accepts the documented lines for a second model's backend and sends that model's requests there.</summary>
    [Fact]
    public async Task Requests_for_a_second_model_go_to_its_own_backend()
    {
        string line = UseBackend.Match(Document).Value;

        await using FourNodes cluster = await FourNodes.StartAsync(Balancer.HAProxy, speed: 0, edit: shipped => shipped
            .Replace("    use_backend runs if", $"{line.Replace("Qwen2.5-1.5B-Instruct", "other")}\n    use_backend runs if")
            .Replace("\nbackend rest\n", "\nbackend runs_qwen\n    http-request return status 418\n\nbackend rest\n"));
        using HttpClient client = cluster.Balancer.NewClient();

        (await StatusAsync(client, "other")).Should().Be(418);
        (await StatusAsync(client, "demo")).Should().Be(200);
    }

    private static async Task<int> StatusAsync(HttpClient client, string model)
    {
        using HttpResponseMessage response = await client.PostAsync(
            new Uri("/v1/chat/completions", UriKind.Relative), new StringContent($$"""{"model":"{{model}}","messages":[{"role":"user","content":"!echo x"}]}"""));
        return (int)response.StatusCode;
    }

    [GeneratedRegex("```python\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Python { get; }

    [GeneratedRegex(@"NODES = \[.*?\]", RegexOptions.Singleline)]
    private static partial Regex Nodes { get; }

    [GeneratedRegex("^    use_backend runs_qwen .*$", RegexOptions.Multiline)]
    private static partial Regex UseBackend { get; }
}
