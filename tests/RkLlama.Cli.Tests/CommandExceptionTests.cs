namespace RkLlama.Cli.Tests;

public class CommandExceptionTests
{
    [Theory]
    [InlineData("no answer", "Error: no answer\n")]
    [InlineData("an error\nof two lines", "Error: an error of two lines\n")]
    [InlineData("choose one:\n  rkllama pull a  (1.2 GB)\n  rkllama pull b  (1.3 GB)", "Error: choose one:\n  rkllama pull a  (1.2 GB)\n  rkllama pull b  (1.3 GB)\n")]
    public async Task An_error_is_one_line_and_its_choices_are_further_ones(string message, string expected)
    {
        using StringWriter output = new();

        await CommandException.WriteAsync(output, message);

        output.ToString().Should().Be(expected);
    }
}
