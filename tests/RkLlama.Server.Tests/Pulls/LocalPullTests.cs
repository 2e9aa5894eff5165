using System.Net;
using System.Text.Json;
using RkLlama.Engine.Models;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Pulls;

/// <summary>A node copies a model from a path of its own machine.</summary>
public sealed class LocalPullTests : IAsyncLifetime
{
    private readonly string _stick = Directory.CreateTempSubdirectory("rkllama-stick-").FullName;
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync();

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_stick, recursive: true);
    }

    [Fact]
    public async Task A_directory_is_copied_with_its_Modelfile()
    {
        Write("House-Model/house.rkllm", "weights");
        Write("House-Model/other.rkllm", "other weights");
        Write("House-Model/tokenizer.json", "{}");
        Write("House-Model/secret.txt", "not of the model");
        Write("House-Model/Modelfile", "FROM=\"./house.rkllm\"\nTOP_K=3\n");

        (HttpStatusCode status, JsonElement body) = await PullAsync("House-Model");

        (status, body.GetRawText()).Should().Be((HttpStatusCode.OK, """{"status":"success"}"""));
        FilesOf("House-Model").Should().BeEquivalentTo(new Dictionary<string, string>
        {
            ["house.rkllm"] = "weights",
            ["tokenizer.json"] = "{}",
            ["Modelfile"] = "FROM=\"./house.rkllm\"\nTOP_K=3\n",
        });
        Directory.GetFileSystemEntries(_server.Models).Should().ContainSingle();
        (await _server.GetJsonAsync("/models")).Body.GetProperty("models")[0].GetString().Should().Be("House-Model");
    }

    [Fact]
    public async Task A_file_gets_a_Modelfile_and_the_tokenizer_beside_it()
    {
        Write("x/qwen-w8a8.rkllm", "weights");
        Write("x/tokenizer.json", "{}");

        await PullAsync("x/qwen-w8a8.rkllm", "qwen");

        FilesOf("qwen").Should().BeEquivalentTo(new Dictionary<string, string>
        {
            ["qwen-w8a8.rkllm"] = "weights",
            ["tokenizer.json"] = "{}",
            ["Modelfile"] = "FROM=\"qwen-w8a8.rkllm\"\nSYSTEM=\"\"\n",
        });
    }

    [Fact]
    public async Task A_file_among_other_models_comes_alone()
    {
        Write("one.rkllm", "weights");
        Write("two.rkllm", "weights");
        Write("tokenizer.json", "{}");

        await PullAsync("one.rkllm");

        FilesOf("one").Keys.Should().BeEquivalentTo("one.rkllm", "Modelfile");
        _server.Log.Should().Contain("'rkllama pull OWNER/REPOSITORY one' downloads it");
    }

    [Fact]
    public async Task A_Modelfile_of_the_request_names_the_copied_file()
    {
        Write("models/x.rkllm", "weights");

        (HttpStatusCode status, JsonElement body) = await PullAsync("models/x.rkllm", "mine", $"# mine\\nFROM {_stick}/models/x.rkllm\\nPARAMETER top_k 3\\nSYSTEM Be kind.\\n");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        FilesOf("mine")["Modelfile"].Should().Be("# mine\nFROM x.rkllm\nPARAMETER top_k 3\nSYSTEM Be kind.\n".Replace("FROM x.rkllm", "FROM \"x.rkllm\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_template_that_the_Modelfile_names_is_copied()
    {
        Write("models/x.rkllm", "weights");
        Write("models/mine.jinja", "{{ messages }}");
        Write("own/y.rkllm", "weights");
        Write("own/other.jinja", "{{ messages }}");
        Write("own/Modelfile", "FROM=\"y.rkllm\"\nTEMPLATE=\"other.jinja\"\n");

        await PullAsync("models/x.rkllm", "x", "FROM x.rkllm\\nTEMPLATE mine.jinja\\n");
        await PullAsync("own");

        FilesOf("x").Keys.Should().BeEquivalentTo("x.rkllm", "mine.jinja", "Modelfile");
        FilesOf("own").Keys.Should().BeEquivalentTo("y.rkllm", "other.jinja", "Modelfile");
    }

    [Theory]
    [InlineData("TEMPLATE {% for m in messages %}", "TEMPLATE in the Modelfile cannot be used")]
    [InlineData("TEMPLATE missing.jinja", "TEMPLATE in the Modelfile cannot be used")]
    [InlineData("SYSTEM \\\"\\\"\\\"open", "triple quotes are not closed")]
    [InlineData("long", "it may have 65536")]
    public async Task A_Modelfile_that_no_model_can_have_is_refused(string line, string words)
    {
        Write("models/x.rkllm", "weights");

        (HttpStatusCode status, JsonElement body) = await PullAsync("models/x.rkllm", "mine", $"FROM x.rkllm\\n{(line == "long" ? "SYSTEM " + new string('x', 70_000) : line)}\\n");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain(words);
        Directory.GetFileSystemEntries(_server.Models).Should().BeEmpty();
    }

    [Theory]
    [InlineData("nothing.rkllm", "cannot read", "sudo install -d -o")]
    [InlineData("nothing", "is neither a directory nor an .rkllm file", "/nothing'")]
    [InlineData("empty", "has no .rkllm file", "/empty has")]
    [InlineData("many", "has several models", "choose one")]
    [InlineData("pipe/m.rkllm", "cannot read", "sudo install -d -o")]
    [InlineData("outside", "names '/x/y.rkllm'", "not a file of its directory")]
    [InlineData("hollow", "/hollow/m.rkllm is empty", "not a model")]
    public async Task A_path_without_a_model_is_one_sentence(string path, string words, string more)
    {
        Directory.CreateDirectory(Path.Join(_stick, "empty"));
        Write("many/qwen.rkllm", "1");
        Write("many/llama.rkllm", "2");
        Write("hollow/m.rkllm", "");
        Directory.CreateDirectory(Path.Join(_stick, "pipe"));
        using (System.Diagnostics.Process process = System.Diagnostics.Process.Start("mkfifo", [Path.Join(_stick, "pipe", "m.rkllm")]))
            await process.WaitForExitAsync();
        Write("outside/m.rkllm", "1");
        Write("outside/Modelfile", "FROM=\"/x/y.rkllm\"\n");

        (HttpStatusCode status, JsonElement body) = await PullAsync(path);

        ((int)status).Should().BeInRange(400, 502);
        body.GetProperty("error").GetString().Should().Contain(words).And.Contain(more);
        Directory.GetFileSystemEntries(_server.Models).Should().BeEmpty();
    }

    [Fact]
    public async Task A_directory_below_one_that_the_server_cannot_read_gets_the_command_that_copies_it()
    {
        // The administrator reads everything.
        if (Environment.IsPrivilegedProcess || OperatingSystem.IsWindows())
            return;
        Write("closed/demo/m.rkllm", "weights");
        File.SetUnixFileMode(Path.Join(_stick, "closed"), UnixFileMode.None);

        (HttpStatusCode status, JsonElement body) = await PullAsync("closed/demo");

        File.SetUnixFileMode(Path.Join(_stick, "closed"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        status.Should().Be(HttpStatusCode.NotFound);
        body.GetProperty("error").GetString().Should().Contain("cannot read").And.Contain("sudo cp -rT");
    }

    [Fact]
    public async Task A_client_of_another_machine_cannot_name_paths()
    {
        Write("x.rkllm", "weights");
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/pull") { Content = new StringContent($$"""{"model":"{{_stick}}/x.rkllm","stream":false}""") };
        request.Headers.Add("X-Forwarded-For", "192.0.2.1");

        using HttpResponseMessage response = await _server.Client.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await TestServer.JsonAsync(response)).GetProperty("error").GetString().Should().Contain("only clients on the node's own machine can name paths");
    }

    [Fact]
    public async Task A_Modelfile_does_not_replace_a_model()
    {
        Write("x.rkllm", "weights");
        _server.AddModel("m");

        (HttpStatusCode status, JsonElement body) = await PullAsync("x.rkllm", "m", "FROM x.rkllm\\n");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain("named 'm' already");
    }

    [Fact]
    public async Task Another_Modelfile_for_the_same_file_replaces_the_settings()
    {
        Write("x.rkllm", new string('w', 4096));
        await PullAsync("x.rkllm", "m", "FROM x.rkllm\\nPARAMETER top_k 3\\n");

        (HttpStatusCode status, JsonElement body) = await PullAsync("x.rkllm", "m", "FROM x.rkllm\\nPARAMETER top_k 4\\n");
        (HttpStatusCode invalid, _) = await PullAsync("x.rkllm", "m", "FROM x.rkllm\\nPARAMETER temperature hot\\n");
        Write("x.rkllm", new string('w', 5000));
        (HttpStatusCode changed, JsonElement refusal) = await PullAsync("x.rkllm", "m", "FROM x.rkllm\\nPARAMETER top_k 5\\n");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        (await File.ReadAllTextAsync(Path.Join(_server.Models, "m", "Modelfile"))).Should().Contain("top_k 4");
        (invalid, changed).Should().Be((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest));
        refusal.GetProperty("error").GetString().Should().Contain("another version of").And.Contain("rkllama rm m");
    }

    private void Write(string file, string text)
    {
        string path = Path.Join(_stick, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> PullAsync(string path, string? name = null, string? modelfile = null) =>
        _server.PostJsonAsync("/api/pull", $$"""{"model":"{{_stick}}/{{path}}","model_name":"{{name}}","modelfile":"{{modelfile}}","stream":false}""");

    private Dictionary<string, string> FilesOf(string model) =>
        Directory.EnumerateFiles(Path.Join(_server.Models, model)).Where(static path => !path.EndsWith(ModelSource.FileName, StringComparison.Ordinal)).ToDictionary(path => Path.GetFileName(path), File.ReadAllText);
}
