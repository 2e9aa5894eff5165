using System.Text.Json;
using RkLlama.Cli.Chat;

namespace RkLlama.Cli.Tests.Chat;

public sealed class AnswerTests
{
    [Theory]
    [InlineData("text\n", "Summarise", "text\n\nSummarise")]
    [InlineData("text\n", "", "text")]
    [InlineData("", "Hi", "Hi")]
    public void The_text_of_stdin_stands_before_the_prompt(string input, string prompt, string expected) => RunCommand.Join(input, prompt).Should().Be(expected);

    [Fact]
    public void Think_without_a_level_does_not_take_the_prompt_as_its_level()
    {
        RunCommand.Normalize(["run", "m", "--think", "Why?"]).Should().Equal("run", "m", "--think=true", "Why?");
        RunCommand.Normalize(["run", "m", "--think=low", "--", "--think"]).Should().Equal("run", "m", "--think=low", "--", "--think");
        RunCommand.Normalize(["list", "--think"]).Should().Equal("list", "--think");
    }

    [Theory]
    [InlineData(true, false, "\e[90mThinking...\nhm\n...done thinking.\e[0m\n\n4\n")]
    [InlineData(false, false, "Thinking...\nhm\n...done thinking.\n\n4\n")]
    [InlineData(true, true, "4\n")]
    public void Thoughts_stand_before_the_answer(bool hasColor, bool hides, string expected)
    {
        StringWriter output = new();
        AnswerPrinter printer = new(output, isTerminal: true, hasColor, hides, static () => 80);

        printer.Thinking("hm");
        printer.Content("4");
        printer.End();

        output.ToString().Should().Be(expected);
    }

    [Fact]
    public void A_pipe_gets_the_text_to_the_letter()
    {
        StringWriter output = new();
        AnswerPrinter printer = new(output, isTerminal: false, hasColor: false, hidesThinking: false, static () => 10);

        printer.Content("a long line\twith \e[1mcontrol\e[0m characters");
        printer.End();

        output.ToString().Should().Be("a long line\twith \e[1mcontrol\e[0m characters\n");
    }

    [Fact]
    public void Statistics_are_those_of_ollama()
    {
        JsonElement last = JsonElement.Parse("""{"done":true,"total_duration":467771400,"load_duration":1121700,"prompt_eval_count":15,"prompt_eval_duration":44393000,"eval_count":7,"eval_duration":419471000}""");

        Statistics.Format(last).Should().Be("""
            total duration:       467.7714ms
            load duration:        1.1217ms
            prompt eval count:    15 token(s)
            prompt eval duration: 44.393ms
            prompt eval rate:     337.89 tokens/s
            eval count:           7 token(s)
            eval duration:        419.471ms
            eval rate:            16.69 tokens/s

            """);
    }
}
