using System.Runtime.Versioning;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary><c>rkllama run</c> in a terminal of 80 columns and 24 lines: the tests type keys and read the screen.</summary>
[SupportedOSPlatform("linux")]
public sealed class ConversationTests : IDisposable
{
    private const string Hint = ">>> Send a message (/? for help)", Up = "\e[A", ControlC = "\x03", ControlD = "\x04";

    private readonly string _home = Directory.CreateTempSubdirectory("rkllama-home-").FullName;

    public ConversationTests() => File.SetUnixFileMode(_home, (UnixFileMode)0b111_111_111);

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Theory]
    [ClassData(typeof(EveryUser))]
    public async Task A_conversation_is_kept_in_the_history_of_its_user(bool isNobody)
    {
        await using Node node = await StartAsync();
        await using (PseudoTerminal first = PseudoTerminal.Start(node.Address, _home, isNobody, ["run", "demo"]))
        {
            await first.EndsWithAsync(Hint);
            await first.SendAsync("!echo onee\x7f tw\e[Do\e[D\e[C\r");
            await first.EndsWithAsync(">>> !echo one tow", "one tow", "", Hint);
            await first.SendAsync("/bye\r");
            (await first.WaitForExitAsync()).Should().Be(0);
        }

        await using PseudoTerminal second = PseudoTerminal.Start(node.Address, _home, isNobody, ["run", "demo"]);
        await second.EndsWithAsync(Hint);
        await second.SendAsync(Up + Up);
        await second.EndsWithAsync(">>> !echo one tow");
        await second.SendAsync("\r");
        await second.EndsWithAsync(">>> !echo one tow", "one tow", "", Hint);
        await second.SendAsync(ControlD);

        (await second.WaitForExitAsync()).Should().Be(0);
        string history = Path.Combine(_home, ".local", "state", "rkllama", "history");
        File.ReadAllLines(history).Should().Equal("!echo one tow", "/bye", "!echo one tow");
        File.GetUnixFileMode(history).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task Control_C_ends_the_answer_and_clears_the_line_and_then_says_how_to_leave()
    {
        await using Node node = await StartAsync();
        await using PseudoTerminal terminal = PseudoTerminal.Start(node.Address, _home, false, ["run", "demo"]);
        await terminal.EndsWithAsync(Hint);

        await terminal.SendAsync("!sleep 20 2000\r");
        await terminal.ShowsAsync(" 1 2 3");
        await terminal.SendAsync(ControlC);
        await terminal.ShowsAsync(Hint);
        await node.WaitsAsync(0);
        await terminal.SendAsync("half a line" + ControlC);
        await terminal.EndsWithAsync(">>> half a line", Hint);
        await terminal.SendAsync(ControlC);
        await terminal.EndsWithAsync(">>>", "Use Ctrl-D or /bye to leave.", Hint);
        await terminal.SendAsync("!echo still here\r");
        await terminal.EndsWithAsync("still here", "", Hint);
        await terminal.SendAsync(ControlD);

        (await terminal.WaitForExitAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Settings_change_the_next_answer()
    {
        await using Node node = await StartAsync();
        await using PseudoTerminal terminal = PseudoTerminal.Start(node.Address, _home, false, ["run", "demo"]);
        await terminal.EndsWithAsync(Hint);

        await terminal.SendAsync("/set parameter num_predict 3\r");
        await terminal.EndsWithAsync("Set parameter 'num_predict' to '3'", Hint);
        await terminal.SendAsync("!count 9\r");
        await terminal.EndsWithAsync(">>> !count 9", " 1 2 3", "", Hint);
        await terminal.SendAsync("/set num_predict 100\r/set verbose\r!think yes\r");
        await terminal.ShowsAsync("eval rate:");
        await terminal.SendAsync("\"\"\"!echo two\rlines\"\"\"\r");
        await terminal.ShowsAsync("... lines\"\"\"");
        await terminal.SendAsync("/clear\r/nonsense\r/load nothing\r");
        await terminal.EndsWithAsync("Cleared session context", ">>> /nonsense", "Unknown command '/nonsense'. Type /? for help", ">>> /load nothing", "Error: model 'nothing' not found", Hint);
        await terminal.SendAsync("/bye\r");

        (await terminal.WaitForExitAsync()).Should().Be(0);
        terminal.Rows.Should().ContainInConsecutiveOrder("Thinking...", "hm", "...done thinking.", "", "yes");
        terminal.Output.Should().Contain("\e[90mThinking...");
    }

    [Fact]
    public async Task A_saved_conversation_can_be_continued()
    {
        await using Node node = await StartAsync();
        await using PseudoTerminal terminal = PseudoTerminal.Start(node.Address, _home, false, ["run", "demo"]);
        await terminal.EndsWithAsync(Hint);
        await terminal.SendAsync("!echo one\r");
        await terminal.EndsWithAsync("one", "", Hint);

        await terminal.SendAsync("/set system Be brief.\r/save saved\r");
        await terminal.EndsWithAsync("Created new model 'saved'", Hint);
        await terminal.SendAsync("/load saved\r");
        await terminal.EndsWithAsync("Loading model 'saved'", ">>> !echo one", "one", "", Hint);
        await terminal.SendAsync("!echo two\r");
        await terminal.EndsWithAsync("two", "", Hint);
        await terminal.SendAsync("/save saved\r");
        await terminal.EndsWithAsync("Created new model 'saved'", Hint);
        await terminal.SendAsync(ControlD);

        (await terminal.WaitForExitAsync()).Should().Be(0);
        System.Text.Json.JsonElement shown = (await node.PostJsonAsync("/api/show", """{"model":"saved"}""")).Body;
        shown.GetProperty("system").GetString().Should().Be("Be brief.");
        shown.GetProperty("messages").EnumerateArray().Select(static message => message.GetProperty("content").GetString()).Should().Equal("!echo one", "one", "!echo two", "two");
    }

    [Fact]
    public async Task Lines_break_between_words_and_NO_COLOR_leaves_no_colours()
    {
        await using Node node = await StartAsync();
        string words = string.Join(' ', Enumerable.Repeat("seventeen-letters", 12));
        await using PseudoTerminal terminal = PseudoTerminal.Start(node.Address, _home, false, ["run", "demo"], ("NO_COLOR", "1"));
        await terminal.EndsWithAsync("Send a message (/? for help)", ">>>");

        await terminal.SendAsync($"!echo {words}\r");
        await terminal.EndsWithAsync("", ">>>");
        await terminal.SendAsync(ControlD);

        (await terminal.WaitForExitAsync()).Should().Be(0);
        string line = string.Join(' ', Enumerable.Repeat("seventeen-letters", 4));
        terminal.Rows.Should().ContainInConsecutiveOrder(line, line, line);
        terminal.Output.Should().NotMatchRegex(@"\e\[[0-9;]*m");
    }

    [Fact]
    public async Task List_shows_the_models_whose_names_begin_with_the_prefix()
    {
        await using Node node = await StartAsync();
        node.CopyDemo("demo", "other");
        await using PseudoTerminal terminal = PseudoTerminal.Start(node.Address, _home, false, ["run", "demo"]);
        await terminal.EndsWithAsync(Hint);

        await terminal.SendAsync("/list\r/list OTH\r/list none\r" + ControlD);
        (await terminal.WaitForExitAsync()).Should().Be(0);
        terminal.Rows.Select(static row => row.Split(' ')[0] == ">>>" ? row : row.Split(' ')[0]).Should().ContainInConsecutiveOrder(
            ">>> /list", "NAME", "demo:latest", "other:latest", ">>> /list OTH", "NAME", "other:latest", ">>> /list none", "NAME", ">>>");
    }

    [Fact]
    public async Task A_model_that_cannot_be_loaded_ends_the_command()
    {
        await using Node node = await Node.StartAsync(null);
        node.CopyDemo("demo");
        await using PseudoTerminal terminal = PseudoTerminal.Start(node.Address, _home, false, ["run", "demo"]);

        int code = await terminal.WaitForExitAsync();

        code.Should().Be(1);
        terminal.Rows[0].Should().StartWith("Error: ");
    }

    private static async Task<Node> StartAsync()
    {
        Node node = await Node.StartAsync("1.2.3");
        node.CopyDemo("demo");
        return node;
    }
}
