using System.CommandLine;
using RkLlama.Cli.Tests.Support;
using RkLlama.Engine.Configuration;

namespace RkLlama.Cli.Tests;

[Collection(ProcessState.Name)]
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("serve", "--port", "8123", "--preload", "m")]
    [InlineData("--port=8123", "--preload=m")]
    public void Serve_is_the_default_command_and_gets_the_settings(params string[] arguments)
    {
        NodeOptions? settings = null;

        int code = CommandLine.Run(arguments, options =>
        {
            settings = options;
            return Task.FromResult(7);
        });

        code.Should().Be(7);
        (settings!.Port, settings.Preload.Single()).Should().Be((8123, "m"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true, "--read-only")]
    [InlineData(true, "--read-only", "--port", "8123")]
    [InlineData(true, "--read-only=on")]
    [InlineData(false, "--read-only", "false")]
    public void Read_only_needs_no_value(bool expected, params string[] arguments)
    {
        NodeOptions? settings = null;

        CommandLine.Run(arguments, options =>
        {
            settings = options;
            return Task.FromResult(0);
        });

        settings!.IsReadOnly.Should().Be(expected);
    }

    [Theory]
    [InlineData("--port", "eighty")]
    [InlineData("--no-such-option")]
    [InlineData("no-such-command")]
    public void An_invalid_argument_gives_exit_code_2_and_starts_no_server(params string[] arguments)
    {
        bool isStarted = false;

        int code = CommandLine.Run(arguments, _ =>
        {
            isStarted = true;
            return Task.FromResult(0);
        });

        (code, isStarted).Should().Be((2, false));
    }

    [Theory]
    [InlineData("run", "demo", "--think", "Why is the sky blue?")]
    [InlineData("run", "demo", "@everyone", "hello")]
    [InlineData("ls", "--json")]
    public void A_command_that_no_node_answers_ends_with_one_line_and_exit_code_1(params string[] arguments)
    {
        (int code, string error) = RunWithError([.. arguments, "--host", "127.0.0.1:1"]);

        code.Should().Be(1);
        error.Should().StartWith("Error: ");
        error.Trim().Should().NotContain("\n");
    }

    [Theory]
    [InlineData("list", "--host", "ftp://node1")]
    [InlineData("run", "demo", "--think=hard", "x")]
    [InlineData("run", "demo", "--format", "xml", "x")]
    [InlineData("run", "demo", "--image", "cat.png", "x")]
    [InlineData("show")]
    [InlineData("rm")]
    public void An_invalid_argument_of_a_command_gives_exit_code_2(params string[] arguments)
    {
        (int code, string error) = RunWithError(arguments);

        code.Should().Be(2);
        error.Should().StartWith("Error: ");
    }

    [Fact]
    public void Every_command_option_and_argument_has_a_description()
    {
        RootCommand root = CommandLine.Create(static _ => Task.FromResult(0));

        IEnumerable<Symbol> symbols = root.Subcommands.SelectMany(static command => (IEnumerable<Symbol>)[command, .. command.Options, .. command.Arguments]);

        symbols.Where(static symbol => !symbol.Hidden && string.IsNullOrEmpty(symbol.Description)).Select(static symbol => symbol.Name).Should().BeEmpty();
    }

    private static (int Code, string Error) RunWithError(string[] arguments)
    {
        TextWriter console = Console.Error;
        StringWriter error = new();
        Console.SetError(error);
        try
        {
            return (CommandLine.Run(arguments, static _ => Task.FromResult(9)), error.ToString());
        }
        finally
        {
            Console.SetError(console);
        }
    }
}
