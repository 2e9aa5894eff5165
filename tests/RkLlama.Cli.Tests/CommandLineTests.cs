using RkLlama.Engine.Configuration;

namespace RkLlama.Cli.Tests;

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
        (settings!.Port, settings.Preload).Should().Be((8123, "m"));
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
}
