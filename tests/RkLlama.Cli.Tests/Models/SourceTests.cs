using RkLlama.Cli.Models;
using RkLlama.Cli.Tests.Support;
using RkLlama.Engine.Configuration;

namespace RkLlama.Cli.Tests.Models;

/// <summary>The sources of models that <c>pull</c> and <c>create</c> know: hubs, other nodes and paths.</summary>
[Collection(ProcessState.Name)]
public sealed class SourceTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rkllama-source-").FullName;
    private readonly StandInNode _node = new();

    public SourceTests() => File.WriteAllText(Path.Join(_directory, "x.rkllm"), "weights");

    public void Dispose()
    {
        _node.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData("owner/repo")]
    [InlineData("owner/repo/file.rkllm")]
    [InlineData("deepseek-r1:1.5b")]
    [InlineData("hf.co/owner/repo")]
    [InlineData("https://huggingface.co/owner/repo")]
    public void A_name_is_no_path(string text) => LocalPath.Find(text, _directory).Should().BeNull();

    [Theory]
    [InlineData("./x.rkllm", "x.rkllm")]
    [InlineData("x.rkllm", "x.rkllm")]
    [InlineData(".", "")]
    public void A_path_starts_at_the_directory_of_the_Modelfile(string text, string expected) =>
        LocalPath.Find(text, _directory)!.TrimEnd('/').Should().Be(Path.TrimEndingDirectorySeparator(Path.Join(_directory, expected)));

    [Theory]
    [InlineData("./nothing.rkllm")]
    [InlineData("nothing.rkllm")]
    [InlineData("/nowhere/at/all")]
    public void A_path_that_does_not_exist_is_an_error(string text) =>
        FluentActions.Invoking(() => LocalPath.Find(text, _directory)).Should().Throw<CommandException>().WithMessage("'*' does not exist");

    [Theory]
    [InlineData("node1", "http://node1:8080/")]
    [InlineData("node1:8081", "http://node1:8081/")]
    [InlineData("https://node1/", "https://node1/")]
    public void Another_node_is_named_as_in_the_option_host(string from, string expected)
    {
        PullBody body = PullCommand.Read("m", "n", from, "secret");

        (body.Model, body.ModelName, body.From, body.FromKey).Should().Be(("m", "n", expected, "secret"));
    }

    [Theory]
    [InlineData("http://node1:8080/m", "secret")]
    [InlineData("owner/repo", null)]
    [InlineData("m", null)]
    public void The_key_of_another_node_is_sent_with_the_address_of_its_model(string model, string? expected) =>
        PullCommand.Read(model, null, null, "secret").FromKey.Should().Be(expected);

    [Theory]
    [InlineData("ftp://node1")]
    [InlineData("")]
    public void An_address_that_is_none_of_a_node_is_an_error_of_usage(string from) =>
        FluentActions.Invoking(() => PullCommand.Read("m", null, from, null)).Should().Throw<CommandException>().Which.ExitCode.Should().Be(2);

    [Fact]
    public void Create_sends_the_path_that_FROM_names_and_the_Modelfile()
    {
        string modelfile = Path.Join(_directory, "Modelfile");
        File.WriteAllText(modelfile, "FROM ./x.rkllm\nPARAMETER top_k 3\n");
        _node.Answer("/api/pull", """{"status":"success"}""");

        int code = CommandLine.Run(["create", "mine", "-f", modelfile, "--host", _node.Address.ToString()], static _ => Task.FromResult(9));

        code.Should().Be(0);
        _node.Requests.Should().Equal($$"""POST /api/pull {"model":"{{_directory}}/x.rkllm","stream":true,"model_name":"mine","modelfile":"FROM ./x.rkllm\nPARAMETER top_k 3\n"}""");
    }

    [Fact]
    public void Create_warns_about_lines_that_have_no_effect()
    {
        string modelfile = Path.Join(_directory, "Modelfile");
        File.WriteAllText(modelfile, "FROM demo\nTEMPLATE \"{{ .Prompt }}\"\nBOGUS x\n");
        _node.Answer("/api/create", """{"status":"success"}""");
        StringWriter error = new();
        TextWriter before = Console.Error;
        Console.SetError(error);
        try
        {
            CommandLine.Run(["create", "mine", "-f", modelfile, "--host", _node.Address.ToString()], static _ => Task.FromResult(9)).Should().Be(0);
        }
        finally
        {
            Console.SetError(before);
        }

        error.ToString().Should().Contain($"Warning: {modelfile}:3:1: ").And.Contain("BOGUS").And.Contain("TEMPLATE is a Go template of Ollama and is ignored");
    }

    [Fact]
    public void Create_without_a_name_is_an_error_of_usage() =>
        CommandLine.Run(["create", "", "-f", "Modelfile", "--host", _node.Address.ToString()], static _ => Task.FromResult(9)).Should().Be(2);

    [Fact]
    public void Create_from_a_model_of_the_node_sends_its_name()
    {
        string modelfile = Path.Join(_directory, "Modelfile");
        File.WriteAllText(modelfile, "FROM demo\n");
        _node.Answer("/api/create", """{"status":"success"}""");

        CommandLine.Run(["create", "mine", "-f", modelfile, "--host", _node.Address.ToString()], static _ => Task.FromResult(9)).Should().Be(0);

        _node.Requests.Should().ContainSingle().Which.Should().StartWith("POST /api/create ").And.Contain("\"from\":\"demo\"");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true, "--share-models")]
    [InlineData(false, "--share-models=off")]
    public void Sharing_needs_no_value(bool expected, params string[] arguments)
    {
        NodeOptions? settings = null;

        CommandLine.Run(arguments, options =>
        {
            settings = options;
            return Task.FromResult(0);
        });

        settings!.SharesModels.Should().Be(expected);
    }

    [Fact]
    public void A_bad_address_of_a_hub_starts_no_server()
    {
        bool isStarted = false;
        string? before = Environment.GetEnvironmentVariable("MODELSCOPE_ENDPOINT");
        Environment.SetEnvironmentVariable("MODELSCOPE_ENDPOINT", "ftp://hub");
        try
        {
            int code = CommandLine.Run([], _ =>
            {
                isStarted = true;
                return Task.FromResult(0);
            });

            (code, isStarted).Should().Be((2, false));
        }
        finally
        {
            Environment.SetEnvironmentVariable("MODELSCOPE_ENDPOINT", before);
        }
    }
}
