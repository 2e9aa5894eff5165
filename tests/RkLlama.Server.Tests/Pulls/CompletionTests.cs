using System.Net;
using System.Text.Json;
using RkLlama.Engine.Models;
using RkLlama.Engine.Tests.Support;
using RkLlama.Hub.Tests.StandIn;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Pulls;

/// <summary>A pull brings what a model lacks that the node has.</summary>
public sealed class CompletionTests : IAsyncLifetime
{
    private const string Tokenizer = """{"model":{}}""";
    private readonly FakeEngine _engine = new();
    private StandInHub _hub = null!;
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _hub = await StandInHub.StartAsync();
        _hub.Add("maker/Base").Add("tokenizer.json", Tokenizer).Add("chat_template.jinja", "{{ messages }}").Add("Modelfile", "evil").Add("model.safetensors", new Content(9, 1));
        _server = await TestServer.StartAsync(_engine, hubs: new() { HuggingFace = _hub.Address, RetryDelay = TimeSpan.FromMilliseconds(5) });
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Theory]
    [InlineData("m", null)]
    [InlineData("maker/Base", "m")]
    [InlineData("someone/Converted", "m")]
    public async Task The_tokenizer_comes_and_nothing_is_replaced(string model, string? name)
    {
        const string Modelfile = "FROM=\"m.rkllm\"\nHUGGINGFACE_PATH=\"maker/Base\"\n";
        _hub.Add("someone/Converted").Add("m.rkllm", new Content(999, 3)).BaseModels.Add("maker/Base");
        _server.AddModel("m", Modelfile);
        Write("chat_template.jinja", "mine");

        (HttpStatusCode status, JsonElement body) = await PullAsync(model, name);

        (status, body.GetRawText()).Should().Be((HttpStatusCode.OK, """{"status":"success"}"""));
        FilesOf("m").Keys.Should().BeEquivalentTo("m.rkllm", "Modelfile", "tokenizer.json", "chat_template.jinja");
        FilesOf("m")["tokenizer.json"].Should().Be(Tokenizer);
        FilesOf("m")["chat_template.jinja"].Should().Be("mine");
        FilesOf("m")["Modelfile"].Should().Be(Modelfile);
        FilesOf("m")["m.rkllm"].Should().HaveLength(4096);
        Directory.GetFileSystemEntries(_server.Models).Should().ContainSingle();
    }

    [Fact]
    public async Task Missing_weights_come_under_the_name_in_the_Modelfile()
    {
        _hub.Add("someone/Converted").Add("a-w8a8-rk3588.rkllm", new Content("a")).Add("b-w8a8-rk3588.rkllm", new Content("b"));
        _server.AddModel("m", "FROM=\"b-w8a8-rk3588.rkllm\"\n");
        File.Delete(PathOf("m.rkllm"));

        (HttpStatusCode status, JsonElement body) = await PullAsync("someone/Converted", "m");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        FilesOf("m").Should().BeEquivalentTo(new Dictionary<string, string> { ["Modelfile"] = "FROM=\"b-w8a8-rk3588.rkllm\"\n", ["b-w8a8-rk3588.rkllm"] = "b" });
    }

    [Fact]
    public async Task A_directory_without_a_Modelfile_gets_one()
    {
        Directory.CreateDirectory(Path.Join(_server.Models, "m"));
        Write("m.rkllm", "weights");

        await PullAsync("maker/Base", "m");

        FilesOf("m")["Modelfile"].Should().Be("FROM=\"m.rkllm\"\nHUGGINGFACE_PATH=\"maker/Base\"\nSYSTEM=\"\"\n");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_without_a_directory_gets_one_with_the_tokenizer(bool isLink)
    {
        string loose = Path.Join(_server.Models, "m.rkllm"), weights = Path.GetTempFileName();
        await File.WriteAllTextAsync(weights, "weights");
        if (isLink)
            File.CreateSymbolicLink(loose, weights);
        else
            File.Move(weights, loose);

        (HttpStatusCode status, JsonElement body) = await PullAsync("maker/Base", "m");

        (status, body.GetRawText()).Should().Be((HttpStatusCode.OK, """{"status":"success"}"""));
        FilesOf("m").Should().BeEquivalentTo(new Dictionary<string, string>
        {
            ["m.rkllm"] = "weights",
            ["tokenizer.json"] = Tokenizer,
            ["chat_template.jinja"] = "{{ messages }}",
            ["Modelfile"] = "FROM=\"m.rkllm\"\nHUGGINGFACE_PATH=\"maker/Base\"\nSYSTEM=\"\"\n",
        });
        new FileInfo(PathOf("m.rkllm")).LinkTarget.Should().Be(isLink ? weights : null);
        Directory.GetFileSystemEntries(_server.Models).Should().ContainSingle("the file has moved into the directory");
        (await _server.GetJsonAsync("/models")).Body.GetProperty("models").GetRawText().Should().Be("""["m"]""");
        File.Delete(weights);
    }

    [Fact]
    public async Task A_file_without_a_directory_stays_as_it_is_if_the_pull_fails()
    {
        string loose = Path.Join(_server.Models, "m.rkllm");
        await File.WriteAllTextAsync(loose, "weights");

        (HttpStatusCode status, _) = await PullAsync("nobody/nothing", "m");
        (HttpStatusCode plain, _) = await PullAsync("m", null);

        (status, plain).Should().Be((HttpStatusCode.NotFound, HttpStatusCode.OK));
        Directory.GetFileSystemEntries(_server.Models).Should().Equal(loose);
    }

    [Theory]
    [InlineData("FROM=\"n.rkllm\"\n", "someone/Converted", "names the file n.rkllm, and the source has m-w8a8-rk3588.rkllm")]
    [InlineData("FROM=\"/x/n.rkllm\"\n", "someone/Converted", "outside of its directory")]
    [InlineData("FROM=\"link.rkllm\"\n", "someone/Linked", "is a link to /nowhere")]
    [InlineData("FROM=\"n.rkllm\"\n", "maker/Base", "has no .rkllm file")]
    [InlineData("FROM=\"n.rkllm\"\n", null, "'rkllama pull OWNER/REPOSITORY m' downloads it")]
    public async Task A_model_that_cannot_be_completed_stays_as_it_is(string modelfile, string? source, string words)
    {
        _hub.Add("someone/Converted").Add("m-w8a8-rk3588.rkllm", new Content("m"));
        _hub.Add("someone/Linked").Add("link.rkllm", new Content("m"));
        _server.AddModel("m", modelfile);
        File.Delete(PathOf("m.rkllm"));
        File.CreateSymbolicLink(PathOf("link.rkllm"), "/nowhere");

        (HttpStatusCode status, JsonElement body) = await PullAsync(source ?? "m", source is null ? null : "m");

        ((int)status).Should().BeInRange(400, 599);
        body.GetProperty("error").GetString().Should().Contain(words);
        Directory.GetFiles(Path.Join(_server.Models, "m")).Should().HaveCount(2);
    }

    [Fact]
    public async Task A_complete_model_asks_no_hub()
    {
        _server.AddModel("m", "FROM=\"m.rkllm\"\nHUGGINGFACE_PATH=\"maker/Base\"\n");
        Write("tokenizer.json", Tokenizer);
        Write("tokenizer_config.json", "{}");

        (HttpStatusCode status, _) = await PullAsync("maker/Base", "m");

        status.Should().Be(HttpStatusCode.OK);
        _hub.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_pull_that_brings_only_what_is_missing_says_what_it_has_brought()
    {
        _server.AddModel("m", "FROM=\"m.rkllm\"\nHUGGINGFACE_PATH=\"maker/Base\"\n");

        string[] lines = await LinesAsync("m");

        lines[^2].Should().Be("""{"status":"'m' got tokenizer.json, chat_template.jinja","model":"m"}""");
    }

    [Fact]
    public async Task A_model_without_a_tokenizer_and_without_a_source_names_the_command_that_brings_it()
    {
        _server.AddModel("m");

        string[] lines = await LinesAsync("m");

        lines[0].Should().Be("""{"status":"'m' is already here, but lacks its tokenizer or its chat template: 'rkllama pull OWNER/REPOSITORY m' brings them from the model that it was made from","model":"m"}""");
        _hub.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task Without_the_network_a_model_that_can_be_used_counts_as_there()
    {
        await using TestServer offline = await TestServer.StartAsync(hubs: new() { IsOffline = true });
        offline.AddModel("m", "FROM=\"m.rkllm\"\nHUGGINGFACE_PATH=\"maker/Base\"\n");

        (HttpStatusCode plain, _) = await offline.PostJsonAsync("/api/pull", """{"model":"m","stream":false}""");
        (HttpStatusCode named, _) = await offline.PostJsonAsync("/api/pull", """{"model":"maker/Base","model_name":"m","stream":false}""");

        (plain, named).Should().Be((HttpStatusCode.OK, HttpStatusCode.Forbidden));
    }

    [Theory]
    [InlineData("1.2.3", "m-rk3588-w8a8-1.2.1.rkllm")]
    [InlineData("1.1.1 to 1.1.4", "m-rk3588-w8a8-1.1.0.rkllm")]
    [InlineData(null, "m-rk3588-w8a8-1.3.0.rkllm")]
    public async Task Before_the_first_load_the_library_is_asked_for_its_version(string? version, string expected)
    {
        _engine.RuntimeVersion = version;
        StandInRepository repository = _hub.Add("someone/Many");
        foreach (string toolkit in (string[])["1.1.0", "1.2.1", "1.3.0"])
            repository.Add($"m-rk3588-w8a8-{toolkit}.rkllm", new Content(toolkit));

        await PullAsync("someone/Many", "m");

        FilesOf("m").Keys.Should().Contain(expected);
    }

    [Theory]
    [InlineData("HUGGINGFACE_PATH=\"maker/Base\"\n", "'rkllama pull m' downloads it")]
    [InlineData("", null)]
    public async Task A_load_without_a_tokenizer_names_the_command_that_brings_it(string modelfile, string? words)
    {
        _server.AddModel("m", "FROM=\"m.rkllm\"\n" + modelfile);

        using HttpResponseMessage loaded = await _server.PostAsync("/load_model", """{"model_name":"m"}""");
        (_, JsonElement refused) = await _server.PostJsonAsync("/api/generate", """{"model":"m","prompt":"a","suffix":"b"}""");

        loaded.Headers.TryGetValues("X-RkLlama-Warning", out IEnumerable<string>? warnings).Should().Be(words is not null);
        refused.GetProperty("error").GetString().Should().StartWith("\"m\" does not support insert");
        if (words is null)
            return;
        warnings.Should().ContainSingle().Which.Should().Contain(words);
        refused.GetProperty("error").GetString().Should().Contain(words);
    }

    private async Task<string[]> LinesAsync(string model)
    {
        using HttpResponseMessage response = await _server.PostAsync("/api/pull", $$"""{"model":"{{model}}"}""");
        return (await response.Content.ReadAsStringAsync()).Replace("\\u0027", "'", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private string PathOf(string file) => Path.Join(_server.Models, "m", file);

    private void Write(string file, string text) => File.WriteAllText(PathOf(file), text);

    private Task<(HttpStatusCode Status, JsonElement Body)> PullAsync(string model, string? name) =>
        _server.PostJsonAsync("/api/pull", $$"""{"model":"{{model}}","model_name":"{{name}}","stream":false}""");

    private Dictionary<string, string> FilesOf(string model) =>
        Directory.EnumerateFiles(Path.Join(_server.Models, model)).Where(static path => !path.EndsWith(ModelSource.FileName, StringComparison.Ordinal)).ToDictionary(path => Path.GetFileName(path), File.ReadAllText);
}
