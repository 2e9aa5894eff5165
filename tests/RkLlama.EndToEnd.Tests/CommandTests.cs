using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>The commands of the published executable with a node. Their output is no terminal.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task Models_are_listed_shown_copied_renamed_and_deleted()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        node.CopyDemo("demo");

        string list = await RunAsync(node, "list"), ls = await RunAsync(node, "ls", "DEM"), show = await RunAsync(node, "show", "demo"), parameters = await RunAsync(node, "show", "demo", "--parameters");
        string copied = await RunAsync(node, "cp", "demo", "a"), renamed = await RunAsync(node, "mv", "a", "b"), deleted = await RunAsync(node, "rm", "demo", "b");

        list.Should().MatchRegex(@"^NAME {11}ID {14}SIZE {6}MODIFIED {5}\ndemo:latest    [0-9a-f]{12}    6\.4 KB    \w.* ago    \n$");
        ls.Should().Be(list);
        show.Should().StartWith("  Model\n    architecture").And.Contain("\n    context length    4096 ").And.Contain("  Capabilities\n    completion    \n");
        parameters.Should().StartWith("num_ctx 4096\n");
        (copied, renamed, deleted).Should().Be(("copied 'demo' to 'a'\n", "a is now b\n", "deleted 'demo'\ndeleted 'b'\n"));
        (await RunAsync(node, "list")).Should().Be("NAME    ID    SIZE    MODIFIED     \n");
    }

    [Theory]
    [InlineData("FROM demo\nSYSTEM \"\"\"Be\nbrief.\"\"\"\nPARAMETER top_k 5\nPARAMETER stop \"User:\"\nMESSAGE user Hi\n")]
    [InlineData("FROM=\"demo\"\nSYSTEM=\"Be\\nbrief.\"\nTOP_K=5\nSTOP=\"User:\"\nMESSAGE=\"user Hi\"\n")]
    public async Task A_model_is_made_from_a_Modelfile(string modelfile)
    {
        await using Node node = await Node.StartAsync("1.2.3");
        node.CopyDemo("demo");
        string path = Path.Combine(node.Models, "..", "Modelfile");
        await File.WriteAllTextAsync(path, modelfile);

        (int code, string created, string progress) = await Tool.RunAsync(["create", "brief", "-f", path], "", Host(node));
        string system = await RunAsync(node, "show", "brief", "--system"), parameters = await RunAsync(node, "show", "brief", "--parameters");

        (code, created, system).Should().Be((0, "created 'brief'\n", "Be\nbrief.\n"));
        progress.Should().EndWith("writing manifest\n");
        parameters.Split('\n').Should().Contain("top_k 5").And.Contain("stop \"User:\"");
        (await RunAsync(node, "show", "brief", "--modelfile")).Should().Contain("MESSAGE=\"user Hi\"");
    }

    [Fact]
    public async Task Of_several_models_the_named_one_is_unloaded()
    {
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", "--max-models", "2"]);
        node.CopyDemo("demo");
        node.CopyDemo("demo", "other");
        await RunAsync(node, "load", "demo");
        await RunAsync(node, "run", "other", "Hi");

        string other = await RunAsync(node, "unload", "other"), ps = await RunAsync(node, "ps"), demo = await RunAsync(node, "unload", "demo");

        (other, demo).Should().Be(("unloaded 'other'\n", "unloaded 'demo'\n"));
        ps.Should().Contain("demo:latest").And.NotContain("other");
        (await RunAsync(node, "ps")).Should().NotContain("demo");
    }

    [Fact]
    public async Task A_model_is_loaded_and_unloaded()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        node.CopyDemo("demo");

        string loaded = await RunAsync(node, "load", "demo"), ps = await RunAsync(node, "ps"), status = await RunAsync(node, "status"), unloaded = await RunAsync(node, "unload", "demo");
        await RunAsync(node, "run", "demo", "--keepalive", "60", "Hi");
        string running = await RunAsync(node, "ps"), stopped = await RunAsync(node, "stop", "demo");

        (loaded, unloaded, stopped).Should().Be(("loaded 'demo'\n", "unloaded 'demo'\n", ""));
        ps.Should().MatchRegex(@"\ndemo:latest .* 100% NPU     4096       loaded    1        1          Forever    \n$");
        running.Should().MatchRegex(@"(About a minute|\d\d seconds) from now    \n$");
        status.Should().MatchRegex(@"\nstate +loaded\nmodel +demo\n").And.MatchRegex(@"\nqueue +0 running, 0 waiting\n");
        (await RunAsync(node, "ps")).Should().NotContain("demo");
    }

    [Fact]
    public async Task JSON_is_that_of_the_node()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        node.CopyDemo("demo");

        (_, JsonElement list) = await Tool.RunJsonAsync(["list"], Host(node));
        (_, JsonElement ps) = await Tool.RunJsonAsync(["ps"], Host(node));
        (_, JsonElement show) = await Tool.RunJsonAsync(["show", "demo"], Host(node));
        (_, JsonElement status) = await Tool.RunJsonAsync(["status"], Host(node));

        list.GetRawText().Should().Be((await node.GetJsonAsync("/api/tags")).Body.GetRawText());
        ps.GetProperty("models").GetArrayLength().Should().Be(0);
        show.GetProperty("capabilities")[0].GetString().Should().Be("completion");
        status.GetProperty("state").GetString().Should().Be("none");
    }

    [Fact]
    public async Task Run_answers_a_prompt_and_the_text_of_stdin_before_it()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        node.CopyDemo("demo");

        string answer = await RunAsync(node, "run", "demo", "!echo", "one", "two");
        (int code, string piped, _) = await Tool.RunAsync(["run", "demo", "Summarise"], "a text\n", Host(node));
        (_, string thoughts, string statistics) = await Tool.RunAsync(["run", "demo", "--verbose", "--think", "!think Paris"], "", Host(node));
        (_, string hidden, _) = await Tool.RunAsync(["run", "demo", "--hidethinking", "!think Paris"], "", Host(node));
        (_, string json, _) = await Tool.RunAsync(["run", "demo", "--format", "json", "!echo {\"a\": 1}"], "", Host(node));

        answer.Should().Be("one two\n");
        code.Should().Be(0);
        piped.Should().Contain("\"a text\n\nSummarise\"");
        (thoughts, hidden).Should().Be(("Thinking...\nhm\n...done thinking.\n\nParis\n", "Paris\n"));
        statistics.Should().MatchRegex(@"^total duration:       \S+s\nload duration:        \S+s\nprompt eval count:    \d+ token\(s\)\n");
        JsonDocument.Parse(json).RootElement.GetProperty("a").GetInt32().Should().Be(1);
    }

    [Fact]
    public async Task Errors_are_one_line_and_an_exit_code()
    {
        await using Node node = await Node.StartAsync("1.2.3", null, ("RKLLAMA_API_KEY", "secret"));
        node.CopyDemo("demo");

        (int unauthorized, _, string key) = await Tool.RunAsync(["list"], "", Host(node));
        (int friend, _, _) = await Tool.RunAsync(["list"], "", Host(node), ("RKLLAMA_API_KEY", "secret"));
        (int missing, _, string model) = await Tool.RunAsync(["show", "nothing", "--api-key", "secret"], "", Host(node));
        (int failed, _, string fault) = await Tool.RunAsync(["run", "demo", "!fault segv:1", "--api-key", "secret"], "", Host(node));
        (int unreachable, _, string start) = await Tool.RunAsync(["ps"], "", ("OLLAMA_HOST", "127.0.0.1:1"), ("RKLLAMA_HOST", ""));
        (int usage, _, string image) = await Tool.RunAsync(["run", "demo", "--image", "cat.png", "x"], "");
        (int empty, _, string prompt) = await Tool.RunAsync(["run", "demo"], "", Host(node));

        (unauthorized, friend, missing, failed, unreachable, usage, empty).Should().Be((1, 0, 1, 1, 1, 2, 2));
        foreach (string error in (string[])[key, model, fault, start, image, prompt])
            error.Should().MatchRegex(@"^Error: [^\n]+\n$");
        model.Should().Be("Error: model 'nothing' not found\n");
        fault.Should().Contain("SIGSEGV");
        start.Should().Contain("http://127.0.0.1:1").And.Contain("rkllama serve");
    }

    [Fact]
    public async Task The_shell_completes_the_names_of_models()
    {
        await using Node node = await Node.StartAsync(null);
        node.CopyDemo("demo");
        node.CopyDemo("demo-embedding");

        (int code, string models, _) = await Tool.RunAsync(["[suggest:15]", "rkllama show de"], "", Host(node));
        (_, string verbs, _) = await Tool.RunAsync(["[suggest:10]", "rkllama st"], "", ("RKLLAMA_HOST", "127.0.0.1:1"));
        (_, string help, _) = await Tool.RunAsync(["show", "--help"], "", Host(node));

        code.Should().Be(0);
        models.Split('\n').Should().Contain("demo").And.Contain("demo-embedding");
        verbs.Split('\n').Should().Contain("status").And.Contain("stop");
        help.Should().Contain("<model>").And.NotContain("demo");
    }

    [Fact]
    public async Task Control_C_ends_an_answer_with_exit_code_130()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        node.CopyDemo("demo");
        string script = $"'{TestPaths.Executable}' run demo '!sleep 20 1000' > out & for i in $(seq 600); do [ -s out ] && break; sleep 0.05; done; kill -INT $!; wait $!; echo $?";

        (_, string output, _) = await Tool.RunProgramAsync("env", ["--default-signal=INT", "bash", "-c", "cd \"$(mktemp -d)\"; set -m; " + script], "", Host(node));

        output.Should().EndWith("130\n");
        await node.WaitsAsync(0);
    }

    [Theory]
    [InlineData("run demo '!sleep 50 1000'", "head -c 3 3>&-")]
    [InlineData("show demo --verbose", "true")]
    [InlineData("list", "true")]
    [InlineData("help", "true")]
    public async Task A_reader_of_the_output_that_has_left_ends_the_command_without_a_message(string command, string reader)
    {
        await using Node node = await Node.StartAsync("1.2.3");
        node.CopyDemo("demo");

        // The command starts when the reader has closed the FIFO, at its start or at its end.
        string script = $"mkfifo gone; {{ cat gone; exec '{TestPaths.Executable}' {command}; }} | {{ exec 3> gone; exec {reader}; }}; echo ${{PIPESTATUS[0]}} >&2";
        (_, _, string error) = await Tool.RunProgramAsync("bash", ["-c", "cd \"$(mktemp -d)\"; " + script], "", Host(node));

        // 128 plus the number of SIGPIPE, as of other programs.
        error.Should().Be("141\n");
        await node.LogsAsync(command.StartsWith("run", StringComparison.Ordinal) ? "Cancelled (the client left)" : "listens");
    }

    private static (string Name, string? Value) Host(Node node) => ("RKLLAMA_HOST", node.Address.ToString());

    private static async Task<string> RunAsync(Node node, params string[] arguments)
    {
        (int code, string output, string error) = await Tool.RunAsync(arguments, "", Host(node));
        code.Should().Be(0, "{0}\n{1}", error, node.Log);
        error.Should().BeEmpty();
        output.Should().NotContain("\e");
        return output;
    }
}
