using System.Diagnostics;
using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Runs the commands that the documents show, in their order, and compares the answers with those in the documents.</summary>
public sealed partial class DocumentTests
{
    [Theory]
    [InlineData("README.md", 1)]
    [InlineData("docs/guide.md", 5)]
    [InlineData("docs/models-in-memory.md", 1)]
    public async Task Curl_commands_answer_as_the_document_shows(string document, int count)
    {
        await using Node node = await Node.StartAsync("1.2.3");
        node.CopyDemo("demo");
        node.CopyDemo("demo-embedding");
        node.CopyDemo("demo-reranker");
        Match[] examples = [.. Example.Matches(Read(document)).Cast<Match>()];

        string[] answers = [.. examples.Select(example => Run("bash", example.Groups["command"].Value, node))];

        examples.Should().HaveCount(count);
        foreach ((string answer, Match example) in answers.Zip(examples))
        {
            // A document may show only the first lines of a stream.
            string[] shown = Lines(example.Groups["answer"].Value);
            Lines(answer).Take(shown.Length).Should().Equal(shown);
        }
    }

    [Fact]
    public async Task The_python_example_of_the_guide_prints_an_answer()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        node.CopyDemo("demo");

        string output = Run("/usr/bin/python3", Python.Match(Read("docs/guide.md")).Groups["source"].Value, node);

        output.Should().MatchRegex(@"^Hello! .*\n\d+\.\d tokens per second\n$");
    }

    private static string Read(string document) => File.ReadAllText(Path.Combine(TestPaths.Root, document));

    /// <summary>Returns the lines without the values that differ between runs: speeds and times.</summary>
    private static string[] Lines(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => Varying.Replace(line, ""))];

    private static string Run(string program, string source, Node node)
    {
        ProcessStartInfo info = new(program, ["-c", source.Replace("http://localhost:8080", $"http://{node.Address.Authority}", StringComparison.Ordinal)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(info)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(Node.Patience).Should().BeTrue();
        process.ExitCode.Should().Be(0, errors.Result);
        return output;
    }

    // A curl command with its answer below it. Commands without an answer, as for a board, are not run.
    [GeneratedRegex("```bash\n(?<command>curl [^`]*)```\n\n```json\n(?<answer>[^`]*)```")]
    private static partial Regex Example { get; }

    [GeneratedRegex("```python\n(?<source>[^`]*)```")]
    private static partial Regex Python { get; }

    [GeneratedRegex("""
        "(?:tokens_per_second|\w+_duration)":[\d.]+|"created_at":"[^"]*"|"id":"rerank-[^"]*"
        """)]
    private static partial Regex Varying { get; }
}
