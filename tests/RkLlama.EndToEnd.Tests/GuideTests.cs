using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Runs the commands of the original rkllama guide with the published executable. Only host and port are changed.</summary>
public sealed partial class GuideTests
{
    private static string Snippets => File.ReadAllText(Path.Combine(TestPaths.Root, "tests", "RkLlama.EndToEnd.Tests", "guide", "curl.sh"));

    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task Every_curl_command_answers_as_the_guide_says(string runtime)
    {
        await using Node node = await Node.StartAsync(runtime);
        foreach (string model in (string[])["DeepSeek-R1-1.5B", "tinyllama-1.1b", "Qwen-1_8B-Chat"])
            node.AddModel(model, "FROM=\"demo.rkllm\"\nHUGGINGFACE_PATH=\"Qwen/Qwen2.5-1.5B-Instruct\"\nSYSTEM=\"\"\nTEMPERATURE=1.0\n");

        string[] answers = [.. Snippets.Split("# ---\n", StringSplitOptions.RemoveEmptyEntries).Select(command => Bash(command, node.Address))];

        answers[0].Should().Be("""{"message":"Welcome to RKLLama !","github":"https://github.com/notpunhnox/rkllama"}""" + "\n");
        Json(answers[1]).GetProperty("models").EnumerateArray().Select(name => name.GetString())
            .Should().Equal("DeepSeek-R1-1.5B", "Qwen-1_8B-Chat", "tinyllama-1.1b");
        answers[2].Should().Be("""{"error":"No models are currently loaded."}""" + "\n");
        answers[3].Should().Be("""{"message":"Model DeepSeek-R1-1.5B loaded successfully."}""" + "\n");
        Json(answers[4]).GetProperty("model").GetString().Should().Be("DeepSeek-R1-1.5B");
        Content(answers[5]).Should().Be("The capital of France is Paris.");
        string[] lines = answers[6].TrimEnd('\n').Split('\n');
        string.Concat(lines.Select(Content)).Should().Be("1, 2, 3, 4, 5");
        Content(answers[7]).Should().Contain("Alice");
        answers[8].Should().Be("""{"message":"Model unloaded successfully."}""" + "\n");
    }

    [Fact]
    public async Task Adding_a_model_as_the_guide_describes_needs_no_restart()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        string home = Path.GetFullPath(Path.Combine(node.Models, "..", ".."));
        string recipe = File.ReadAllText(Path.Combine(TestPaths.Root, "tests", "RkLlama.EndToEnd.Tests", "guide", "custom-model.sh"))
            .Replace("/path/to/mymodel.rkllm", TestPaths.DemoModel);

        string answer = Bash(recipe, node.Address, home);

        answer.Should().Be("""{"message":"Model MyModel loaded successfully."}""" + "\n");
        (await node.AskAsync("!echo mine")).Should().Be("mine");
    }

    [Theory]
    [InlineData("client.py")]
    [InlineData("balance.py")]
    public async Task The_python_examples_run(string script)
    {
        await using Node node = await Node.StartAsync("1.2.3");
        node.AddModel("DeepSeek-R1-1.5B");
        if (script == "balance.py")
            await node.PostJsonAsync("/load_model", """{"model_name":"DeepSeek-R1-1.5B"}""");
        string source = File.ReadAllText(Path.Combine(TestPaths.Root, "tests", "RkLlama.EndToEnd.Tests", "guide", script));

        (int exitCode, string output) = Run("/usr/bin/python3", ["-c", AtAddress(source, node.Address)], null);

        exitCode.Should().Be(0, output);
        output.Should().Contain("Hello");
        if (script == "client.py")
            output.Should().MatchRegex(@"Speed: \d+\.\d tok/s");
    }

    private static string Bash(string command, Uri address, string? home = null)
    {
        (int exitCode, string output) = Run("bash", ["-c", AtAddress(command, address)], home);
        exitCode.Should().Be(0, output);
        return output;
    }

    private static string AtAddress(string text, Uri address) => NodeAddress.Replace(text, $"http://{address.Authority}");

    private static (int ExitCode, string Output) Run(string program, string[] arguments, string? home)
    {
        ProcessStartInfo info = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (home is not null)
            info.Environment["HOME"] = home;
        using Process process = Process.Start(info)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(Node.Patience).Should().BeTrue();
        return (process.ExitCode, process.ExitCode == 0 ? output : output + errors.Result);
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private static string? Content(string text) => Json(text).GetProperty("choices")[0].GetProperty("content").GetString();

    [GeneratedRegex(@"http://(10\.10\.88\.7[3-6]|localhost):8080")]
    private static partial Regex NodeAddress { get; }
}
