using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>The completion of the package in bash, with the published executable.</summary>
public sealed partial class CompletionTests
{
    private const string Complete = """
        source "$1"; COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDS=("$3"); _rkllama; printf '%s\n' "${COMPREPLY[@]}"
        """;

    [Fact]
    public async Task Each_command_and_each_option_is_completed()
    {
        string[] commands = [.. CommandNames.Matches(await HelpAsync()).Select(static match => match.Groups["name"].Value)];

        string[] completed = await CompleteAsync("rkllama ");
        Dictionary<string, string[]> options = [];
        foreach (string command in commands)
            options[command] = await CompleteAsync($"rkllama {command} --");

        commands.Should().HaveCountGreaterThan(15);
        completed.Should().Contain(commands);
        foreach (string command in commands)
            OptionNames.Matches(await HelpAsync(command)).Select(static match => match.Value).Should().BeSubsetOf(options[command], command);
        options.Values.SelectMany(static names => names).Should().NotContain(static name => name.Contains("--root", StringComparison.Ordinal) || name.StartsWith('/'));
    }

    [Fact]
    public async Task Names_of_models_are_completed_from_the_last_colon_as_bash_expects()
    {
        await using Node node = await Node.StartAsync(null);
        node.CopyDemo("demo", "deepseek-r1:1.5b");
        node.CopyDemo("demo");

        string[] start = await CompleteAsync("rkllama run de", node), tag = await CompleteAsync("rkllama run deepseek-r1:1", node), nothing = await CompleteAsync("rkllama run xyz", node);

        start.Should().BeEquivalentTo("demo", "deepseek-r1:1.5b");
        tag.Should().Equal("1.5b");
        nothing.Should().Equal("");
    }

    private static async Task<string> HelpAsync(params string[] command) => (await Tool.RunAsync([.. command, "--help"])).Output;

    private static async Task<string[]> CompleteAsync(string line, Node? node = null)
    {
        string script = Path.Combine(TestPaths.Root, "packaging", "rkllama.bash-completion");
        (int code, string output, string error) = await Tool.RunProgramAsync(
            "bash", ["-c", Complete, "bash", script, line, TestPaths.Executable], "", ("RKLLAMA_HOST", node?.Address.ToString() ?? "127.0.0.1:1"));
        (code, error).Should().Be((0, ""));
        return output.TrimEnd('\n').Split('\n');
    }

    // The first word of each line below "Commands:". An alias stands after a comma.
    [GeneratedRegex(@"(?<=Commands:\n(?:.*\n)*?)^  (?<name>[a-z]+)(?=[ ,])", RegexOptions.Multiline)]
    private static partial Regex CommandNames { get; }

    [GeneratedRegex(@"(?<=^  (?:-\w, )?)--[a-z][\w-]*", RegexOptions.Multiline)]
    private static partial Regex OptionNames { get; }
}
