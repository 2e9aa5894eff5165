using System.Net;
using System.Net.Sockets;
using RkLlama.Cli.Models;
using RkLlama.Cli.Terminal.Progress;
using RkLlama.Cli.Tests.Support;

namespace RkLlama.Cli.Tests.Models;

public sealed class PullerTests : IDisposable
{
    private const string Models = """{"models":[{"name":"other:latest","size":5},{"name":"made-name:latest","size":1800000000}]}""";

    private readonly StandInNode _node = new();
    private readonly NodeClient _client;
    private readonly StringWriter _output = new();

    public PullerTests() => _client = new(_node.Address, null);

    public void Dispose()
    {
        _client.Dispose();
        _node.Dispose();
    }

    [Fact]
    public async Task The_lines_of_ollama_are_shown_and_the_new_model_is_named()
    {
        _node.Answer("/api/tags", Models).Answer("/api/pull", """
            {"status":"pulling manifest"}
            {"status":"pulling 8daa9615cce3","digest":"sha256:8daa9615cce3","total":2000}
            {"status":"pulling 8daa9615cce3","digest":"sha256:8daa9615cce3","total":2000,"completed":2000}
            {"status":"verifying sha256 digest"}
            {"status":"writing manifest"}
            {"status":"success"}

            """);

        Pulled made = await PullAsync("made-name");

        made.ToString().Should().Be("'made-name' is ready (1.8 GB): rkllama run made-name");
        _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split("  ")[0]).Should().Equal(
            "pulling manifest", "pulling 8daa9615cce3: 0% of 2 KB", "pulling 8daa9615cce3: 100% of 2 KB", "verifying sha256 digest", "writing manifest");
        _node.Requests.Should().Contain("""POST /api/pull {"model":"made-name","stream":true}""");
    }

    [Theory]
    [InlineData("""{"status":"model.rkllm of owner/repo (1.80 GB): it is the only file","size":1800000000,"model":"made-name"}""", "'made-name' is ready (1.8 GB): rkllama run made-name")]
    [InlineData("""{"status":"'made-name' is already here (from owner/repo)","model":"made-name"}""", "'made-name' is already here (from owner/repo): rkllama run made-name")]
    [InlineData("""{"status":"'made-name' got tokenizer.json","model":"made-name"}""", "'made-name' got tokenizer.json: rkllama run made-name")]
    [InlineData("""{"status":"'made-name' lacks its tokenizer: 'rkllama pull OWNER/REPOSITORY made-name' brings it","model":"made-name"}""", "'made-name' lacks its tokenizer: 'rkllama pull OWNER/REPOSITORY made-name' brings it")]
    public async Task The_last_line_says_what_the_node_says_and_nothing_about_other_pulls(string line, string expected)
    {
        _node.Answer("/api/tags", Models).Answer("/api/pull", line + "\n" + """{"status":"success"}""" + "\n");

        Pulled made = await PullAsync("owner/repo");

        made.ToString().Should().Be(expected);
        _output.ToString().Should().NotContain(" is already here").And.NotContain("other");
    }

    [Fact]
    public async Task An_error_line_is_the_error_of_the_command()
    {
        _node.Answer("/api/tags", Models).Answer("/api/pull", """
            {"status":"pulling manifest"}
            {"error":"pull model manifest: file does not exist"}

            """);

        Func<Task> pull = () => PullAsync("nothing");

        await pull.Should().ThrowAsync<CommandException>().WithMessage("pull model manifest: file does not exist");
    }

    [Theory]
    [InlineData(501, """{"error":"downloads are off"}""", "downloads are off")]
    [InlineData(502, "<html>Bad gateway</html>", "the node answered with status 502")]
    [InlineData(200, "<html>", "the response of * to /api/pull is not JSON")]
    [InlineData(200, """{"status":"pulling manifest"}""", "the node ended the work without a result*")]
    public async Task A_pull_that_fails_is_one_sentence(int status, string body, string expected)
    {
        _node.Answer("/api/tags", Models).Answer("/api/pull", body, status);

        Func<Task> pull = () => PullAsync("nothing");

        (await pull.Should().ThrowAsync<CommandException>().WithMessage(expected)).Which.Status.Should().Be(status == 200 ? null : (HttpStatusCode)status);
    }

    [Theory]
    [InlineData(null, "the node needs an API key: set RKLLAMA_API_KEY, or use --api-key")]
    [InlineData("wrong", "the node does not accept the API key: check RKLLAMA_API_KEY or --api-key")]
    public async Task A_missing_key_and_a_wrong_key_are_told_apart(string? key, string expected)
    {
        _node.Answer("/api/pull", """{"error":"This server needs an API key."}""", 401).Answer("/api/tags", """{"error":"This server needs an API key."}""", 401);
        using NodeClient client = new(_node.Address, key);

        Func<Task> pull = () => new Puller(client, () => new LineDisplay(_output, TimeProvider.System)).PullAsync("m", CancellationToken.None);
        Func<Task> list = () => client.GetAsync("/api/tags", CancellationToken.None);

        await pull.Should().ThrowAsync<CommandException>().WithMessage(expected);
        await list.Should().ThrowAsync<CommandException>().WithMessage(expected);
    }

    [Fact]
    public async Task A_node_without_TLS_is_named_with_its_address()
    {
        using NodeClient client = new(new UriBuilder(_node.Address) { Scheme = "https" }.Uri, null);

        Func<Task> list = () => client.GetAsync("/api/tags", CancellationToken.None);

        await list.Should().ThrowAsync<CommandException>().WithMessage($"*does not accept a connection with https*the address is http://{_node.Address.Authority}*");
    }

    [Fact]
    public async Task A_node_that_ends_in_the_middle_is_one_sentence_with_the_next_step()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using NodeClient client = new(new($"http://{listener.LocalEndpoint}/"), null);
        Task answer = AnswerHalfAsync(listener);

        Func<Task> pull = () => new Puller(client, () => new LineDisplay(_output, TimeProvider.System)) { Patience = TimeSpan.Zero }.PullAsync("made-name", CancellationToken.None);

        await pull.Should().ThrowAsync<CommandException>().WithMessage(
            $"the connection to http://{listener.LocalEndpoint} was lost (The response ended prematurely*): 'rkllama status' tells whether the node runs; the same command continues the download");
        await answer;
    }

    [Fact]
    public async Task A_node_that_ends_in_the_middle_and_starts_again_continues_the_download()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using NodeClient client = new(new($"http://{listener.LocalEndpoint}/"), null);
        Task answers = Task.Run(async () =>
        {
            await AnswerHalfAsync(listener);
            await AnswerAsync(listener, """{"status":"pulling manifest"}""" + "\n" + """{"status":"success"}""" + "\n");
            await AnswerAsync(listener, Models);
        });

        Pulled made = await new Puller(client, () => new LineDisplay(_output, TimeProvider.System)).PullAsync("made-name", CancellationToken.None);

        made.ToString().Should().Be("'made-name' is ready (1.8 GB): rkllama run made-name");
        _output.ToString().Should().Contain("the connection to the node was lost; trying for 120 s to continue the download");
        await answers;
    }

    /// <summary>Answers one request.</summary>
    private static async Task AnswerAsync(TcpListener listener, string body)
    {
        using TcpClient connection = await listener.AcceptTcpClientAsync();
        NetworkStream stream = connection.GetStream();
        _ = await stream.ReadAsync(new byte[4096]);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"));
        connection.Client.Shutdown(SocketShutdown.Send);
        while (await stream.ReadAsync(new byte[4096]) > 0)
        {
            // The rest of the request.
        }
    }

    /// <summary>Answers a request with more bytes promised than sent.</summary>
    private static async Task AnswerHalfAsync(TcpListener listener)
    {
        using TcpClient connection = await listener.AcceptTcpClientAsync();
        NetworkStream stream = connection.GetStream();
        _ = await stream.ReadAsync(new byte[4096]);
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":\"pulling manifest\"}\n"u8.ToArray());
        connection.Client.Shutdown(SocketShutdown.Send);
        while (await stream.ReadAsync(new byte[4096]) > 0)
        {
            // The rest of the request. A connection that is closed with unread bytes would be reset.
        }
    }

    private Task<Pulled> PullAsync(string model) => new Puller(_client, () => new LineDisplay(_output, TimeProvider.System)).PullAsync(model, CancellationToken.None);
}
