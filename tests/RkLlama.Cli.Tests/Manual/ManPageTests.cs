using System.CommandLine;
using RkLlama.Architecture.Tests;

namespace RkLlama.Cli.Tests.Manual;

/// <summary>The man page and the shell completion of the package.</summary>
public sealed class ManPageTests
{
    private readonly RootCommand _root = CommandLine.Create(static _ => Task.FromResult(0));

    [Fact]
    public void The_man_page_of_the_package_is_the_one_of_the_commands()
    {
        string path = Path.Join(RepositoryRoot.Path, "packaging", "rkllama.1");
        string frame = Path.Join(RepositoryRoot.Path, "tests", "RkLlama.Cli.Tests", "Manual", "frame.1");

        string page = ManPage.Write(_root, File.ReadAllText(frame));

        if (Environment.GetEnvironmentVariable("RKLLAMA_REWRITE_MANUAL") == "1")
            File.WriteAllText(path, page);
        File.ReadAllText(path).Should().Be(page, "RKLLAMA_REWRITE_MANUAL=1 writes the page anew");
    }

    [Fact]
    public void The_man_page_has_each_command_and_each_option()
    {
        string page = ManPage.Write(_root, "@COMMANDS@\n@NODE@\n@SETTINGS@\n");

        IEnumerable<string> commands = _root.Subcommands.Where(static command => !command.Hidden).SelectMany(static command => (IEnumerable<string>)[command.Name, .. command.Aliases]);
        IEnumerable<string> options = _root.Subcommands.Append(_root).SelectMany(static command => command.Options).Where(static option => !option.Hidden).SelectMany(ManPage.NamesOf);
        string[] expected = [.. commands.Concat(options).Distinct()];

        expected.Should().HaveCountGreaterThan(60).And.OnlyContain(name => page.Contains($"\\fB{ManPage.Escape(name)}\\fR", StringComparison.Ordinal));
        page.Should().NotContain("\\fB\\-\\-root\\fR", "hidden options are for tests");
    }
}
