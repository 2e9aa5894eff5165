using System.Runtime.Versioning;
using RkLlama.Cli.Tests.Support;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary><c>rkllama pull</c> with a node that answers as Ollama does, and says which name the model has.</summary>
[SupportedOSPlatform("linux")]
public sealed class PullCommandTests : IDisposable
{
    private readonly StandInNode _node = new();
    private readonly string _home = Directory.CreateTempSubdirectory("rkllama-home-").FullName;

    public PullCommandTests() => _node
        .Answer("/api/tags", """{"models":[{"name":"made:latest","size":2142590208}]}""")
        .Answer("/api/pull", """
            {"status":"pulling manifest"}
            {"status":"pulling 8daa9615cce3","digest":"sha256:8daa9615cce3","total":2142590208,"completed":241970,"model":"made"}
            {"status":"pulling 8daa9615cce3","digest":"sha256:8daa9615cce3","total":2142590208,"completed":2142590208}
            {"status":"verifying sha256 digest"}
            {"status":"success"}

            """);

    public void Dispose()
    {
        _node.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    [Theory]
    [ClassData(typeof(EveryUser))]
    public async Task A_terminal_shows_a_bar_for_each_file(bool isNobody)
    {
        File.SetUnixFileMode(_home, (UnixFileMode)0b111_111_111);
        await using PseudoTerminal terminal = PseudoTerminal.Start(_node.Address, _home, isNobody, ["pull", "owner/repo"]);

        int code = await terminal.WaitForExitAsync();

        code.Should().Be(0);
        terminal.Rows.Should().HaveCount(5);
        terminal.Rows[0].Should().Be("pulling manifest");
        terminal.Rows[1].Should().MatchRegex("^pulling 8daa9615cce3: 100% ▕█{30,}▏ 2.1 GB$");
        terminal.Rows[2..].Should().Equal("verifying sha256 digest", "'made' is ready (2.1 GB): rkllama run made", "");
    }

    [Fact]
    public async Task A_pipe_gets_lines_without_control_sequences()
    {
        (int code, string output, string error) = await Tool.RunAsync(["pull", "owner/repo"], ("RKLLAMA_HOST", _node.Address.ToString()));

        code.Should().Be(0);
        output.Should().Be("'made' is ready (2.1 GB): rkllama run made\n");
        error.Should().StartWith("pulling manifest\npulling 8daa9615cce3: 0% of 2.1 GB").And.EndWith("\npulling 8daa9615cce3: 100% of 2.1 GB\nverifying sha256 digest\n").And.NotContain("\e");
    }

    [Fact]
    public async Task Run_pulls_a_model_that_the_node_does_not_have_and_uses_the_name_that_it_got()
    {
        _node.Answer("/api/show", """{"error":"model 'owner/repo' not found"}""", 404).Answer("/api/chat", """
            {"message":{"role":"assistant","content":"Hello"},"done":false}
            {"message":{"role":"assistant","content":""},"done":true}

            """);

        (int code, string output, string error) = await Tool.RunAsync(["run", "owner/repo", "Hi"], ("RKLLAMA_HOST", _node.Address.ToString()));

        code.Should().Be(0);
        output.Should().Be("Hello\n");
        error.Should().StartWith("The node does not have 'owner/repo' yet.").And.Contain("100% of 2.1 GB");
        _node.Requests[^1].Should().Be("""POST /api/chat {"model":"made","messages":[{"role":"user","content":"Hi"}],"stream":true}""");
    }

    [Fact]
    public async Task An_answer_without_an_end_is_an_error()
    {
        _node.Answer("/api/show", "{}").Answer("/api/chat", """{"message":{"role":"assistant","content":"Hel"},"done":false}""");

        (int code, string output, string error) = await Tool.RunAsync(["run", "made", "Hi"], ("RKLLAMA_HOST", _node.Address.ToString()));

        (code, output).Should().Be((1, "Hel\n"));
        error.Should().StartWith("Error: the answer is not complete");
    }
}
