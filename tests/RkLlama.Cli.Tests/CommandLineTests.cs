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

    [Theory]
    [InlineData("unknown option '--bogus': see 'rkllama list --help'", "list", "--bogus")]
    [InlineData("unknown option '--jsno': did you mean --json?", "list", "--jsno")]
    [InlineData("unknown option '-j': see 'rkllama list --help'", "list", "-j")]
    [InlineData("unknown option '--x': see 'rkllama cp --help'", "cp", "p6", "--x")]
    [InlineData("unknown option '--keepalive': see 'rkllama load --help'", "load", "demo", "--keepalive", "x")]
    [InlineData("--keepalive: 'bogus' is not a number of seconds or a time such as 5m or 1h30m", "run", "demo", "hello", "--keepalive", "bogus")]
    [InlineData("unknown option '--verbos': did you mean --verbose? A prompt that begins with -- comes after --", "run", "demo", "--verbos", "hi")]
    [InlineData("unknown option '--read-onyl': did you mean --read-only?", "--read-onyl")]
    [InlineData("there is no command 'lsit': 'rkllama help' lists all", "help", "lsit")]
    [InlineData("there is no command 'pul': did you mean pull?", "pul", "x")]
    [InlineData("there is no command 'deploy': 'rkllama help' lists all", "deploy", "x")]
    [InlineData("rkllama pull needs MODEL: see 'rkllama pull --help'", "pull")]
    [InlineData("rkllama cp needs DESTINATION: see 'rkllama cp --help'", "cp", "demo")]
    [InlineData("rkllama rm needs MODEL: see 'rkllama rm --help'", "rm")]
    [InlineData("Required argument missing for option: '--from'.", "pull", "--from")]
    public void A_wrong_word_is_one_line_and_exit_code_2(string expected, params string[] arguments)
    {
        (int code, string error) = RunWithError(arguments);

        (code, error).Should().Be((2, $"Error: {expected}{Environment.NewLine}"));
    }

    [Theory]
    [InlineData("run", "demo", "--", "--verbos", "hi")]
    [InlineData("run", "demo", "-5 degrees, is that cold?")]
    [InlineData("run", "demo", "--- a/file.txt")]
    [InlineData("run", "demo", "--verbos is no word")]
    [InlineData("rm", "--", "-x")]
    public void A_prompt_and_a_name_may_begin_with_dashes(params string[] arguments)
    {
        (int code, string error) = RunWithError(["--url", "127.0.0.1:1", .. arguments]);

        (code, error).Should().Be((1, $"Error: no node answers at http://127.0.0.1:1: start one with 'rkllama serve' or 'systemctl start rkllama', or name another one with --host{Environment.NewLine}"));
    }

    [Theory]
    [InlineData("--url")]
    [InlineData("--host")]
    public void The_node_may_stand_before_the_command(string option)
    {
        (int code, string error) = RunWithError([option, "127.0.0.1:1", "list"]);

        code.Should().Be(1);
        error.Should().StartWith("Error: no node answers at http://127.0.0.1:1:");
    }

    [Fact]
    public void An_url_without_a_command_starts_no_server()
    {
        (int code, string error) = RunWithError(["--url", "127.0.0.1:1"]);

        code.Should().Be(2);
        error.Should().StartWith("Error: --url is the node of a command").And.HaveLength(error.TrimEnd().Length + 1);
    }

    [Theory]
    [InlineData("Usage:", "help")]
    [InlineData("A download that was interrupted continues", "help", "pull")]
    [InlineData("Only models whose names begin with this text", "help", "ls")]
    public void Help_is_a_command_too(string expected, params string[] arguments)
    {
        TextWriter console = Console.Out;
        StringWriter output = new();
        Console.SetOut(output);
        try
        {
            CommandLine.Run(arguments, static _ => Task.FromResult(9)).Should().Be(0);
        }
        finally
        {
            Console.SetOut(console);
        }

        output.ToString().Should().Contain(expected);
    }

    [Fact]
    public void Output_that_cannot_be_written_is_one_line_and_exit_code_1()
    {
        using StandInNode node = new();
        node.Answer("/api/tags", """{"models":[{"name":"m:latest","size":5}]}""");
        TextWriter console = Console.Out;
        StreamWriter output = new(new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0)) { AutoFlush = true };
        Console.SetOut(output);
        try
        {
            (int code, string error) = RunWithError(["list", "--host", node.Address.ToString()]);

            code.Should().Be(1);
            error.Should().StartWith("Error: No space left on device").And.EndWith("\n");
            error.Trim().Should().NotContain("\n");
        }
        finally
        {
            Console.SetOut(console);
        }
    }

    [Theory]
    [InlineData("list", "/api/tags")]
    [InlineData("ps", "/api/ps")]
    public void A_prefix_selects_in_json_too(string verb, string path)
    {
        using StandInNode node = new();
        node.Answer(path, """{"models":[{"name":"mine:latest","size":5},{"name":"other:latest","size":6}]}""");
        TextWriter console = Console.Out;
        StringWriter output = new();
        Console.SetOut(output);
        try
        {
            CommandLine.Run([verb, "MI", "--json", "--host", node.Address.ToString()], static _ => Task.FromResult(9)).Should().Be(0);
        }
        finally
        {
            Console.SetOut(console);
        }

        output.ToString().Should().Be("""{"models":[{"name":"mine:latest","size":5}]}""" + Environment.NewLine);
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
