using RkLlama.Cli.Chat;
using RkLlama.Cli.Terminal.Editing;

namespace RkLlama.Cli.Tests.Chat;

public sealed class SlashCommandTests
{
    private readonly ChatSettings _settings = new("demo");
    private readonly History _history = new(null);

    [Theory]
    [InlineData("What is 1/2?")]
    [InlineData("/etc/hosts contains a line that I do not understand")]
    [InlineData(" /set verbose")]
    [InlineData("/bye\nand more text")]
    public void A_message_is_not_a_command(string line) => SlashCommand.Parse(line).Should().BeNull();

    [Theory]
    [InlineData("/bye", "/bye", "")]
    [InlineData("/set  parameter seed 1 ", "/set", "parameter seed 1")]
    [InlineData("/", "/", "")]
    public void A_slash_begins_a_command(string line, string name, string rest) => SlashCommand.Parse(line).Should().Be(new SlashCommand(name, rest));

    [Theory]
    [InlineData("/set system You are \"brief\".", "You are \"brief\".", "Set system message.")]
    [InlineData("/set system \"You are brief.\"", "You are brief.", "Set system message.")]
    [InlineData("/set system \"\"\"one\ntwo\"\"\"", "one\ntwo", "Set system message.")]
    [InlineData("/set system", null, "Unknown command '/set system'. Type /? set for help")]
    public void The_system_prompt_is_set(string line, string? system, string reply)
    {
        string answer = Set(line);

        (_settings.System, answer).Should().Be((system, reply));
    }

    [Theory]
    [InlineData("/set parameter temperature 0.7", """{"temperature":0.7}""")]
    [InlineData("/set temperature 0", """{"temperature":0}""")]
    [InlineData("/set parameter num_predict -1", """{"num_predict":-1}""")]
    [InlineData("/set parameter stop \"User:\" END", """{"stop":["User:","END"]}""")]
    [InlineData("/set parameter temperature hot", "{}")]
    [InlineData("/set parameter temperature NaN", "{}")]
    [InlineData("/set parameter temperatur 1", "{}")]
    [InlineData("/set parameter temperature", "{}")]
    public void Parameters_are_numbers_and_stop_is_a_list(string line, string expected)
    {
        Set(line);

        $"{{{string.Join(',', _settings.Parameters.Select(static parameter => $"\"{parameter.Key}\":{parameter.Value.GetRawText()}"))}}}".Should().Be(expected);
    }

    [Theory]
    [InlineData("/set think", "true")]
    [InlineData("/set think high", "high")]
    [InlineData("/set nothink", "false")]
    [InlineData("/set think hard", null)]
    public void Thinking_has_levels(string line, string? level)
    {
        Set(line);

        _settings.Think.Should().Be(level);
    }

    [Fact]
    public void Modes_are_turned_on_and_off()
    {
        string[] on = [.. ((string[])["/set verbose", "/set format json", "/set nowordwrap", "/set nohistory"]).Select(Set)];
        (bool, bool, bool, bool) changed = (_settings.IsVerbose, _settings.IsJson, _settings.WrapsWords, _history.IsEnabled);
        _ = ((string[])["/set quiet", "/set noformat", "/set wordwrap", "/set history"]).Select(Set).ToArray();

        on.Should().Equal("Set 'verbose' mode.", "Set format to 'json' mode.", "Set 'nowordwrap' mode.", "Set 'nohistory' mode.");
        changed.Should().Be((true, true, false, false));
        (_settings.IsVerbose, _settings.IsJson, _settings.WrapsWords, _history.IsEnabled).Should().Be((false, false, true, true));
    }

    [Fact]
    public void The_request_has_what_was_set()
    {
        Set("/set system Be brief.");
        Set("/set parameter seed 7");
        Set("/set think low");
        Set("/set format json");

        string body = System.Text.Json.JsonSerializer.Serialize(_settings.ToBody([new("user", "Hi")]), ChatJson.Default.ChatBody);

        body.Should().Be("""{"model":"demo","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],"options":{"seed":7},"think":"low","format":"json","stream":true}""");
    }

    [Theory]
    [InlineData("30", "30")]
    [InlineData("-1", "-1")]
    [InlineData("5m", "\"5m\"")]
    public void The_time_to_stay_loaded_is_a_number_or_a_text(string text, string json) => new ChatSettings("m") { KeepAlive = text }.KeepAliveJson!.Value.GetRawText().Should().Be(json);

    [Theory]
    [InlineData("\"\"\"one", true)]
    [InlineData("\"\"\"one\ntwo\"\"\" ", false)]
    [InlineData("\"\"\"\"\"\"", false)]
    [InlineData("/set system \"\"\"one", true)]
    [InlineData("/set system \"\"\"one\"\"\"", false)]
    [InlineData("He said \"\"\"one", false)]
    public void Triple_quotes_begin_a_text_of_several_lines(string text, bool isOpen) => MultiLine.IsOpen(text).Should().Be(isOpen);

    [Theory]
    [InlineData("\"\"\"\none\ntwo\n\"\"\"", "one\ntwo")]
    [InlineData("\"\"\"one\"\"\"", "one")]
    [InlineData("no quotes", "no quotes")]
    public void The_message_has_no_triple_quotes(string text, string expected) => MultiLine.Unquote(text).Should().Be(expected);

    [Theory]
    [InlineData("")]
    [InlineData("set")]
    [InlineData("show")]
    [InlineData("shortcuts")]
    public void The_help_fits_into_80_columns(string topic) => Help.Of(topic).Split('\n').Max(static line => line.Length).Should().BeLessThan(80);

    private string Set(string line) => SetCommand.Apply(SlashCommand.Parse(line)!, _settings, _history);
}
