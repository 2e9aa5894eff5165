using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using RkLlama.Engine.Models;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Pulls;

/// <summary>A node brings a model from another node.</summary>
public sealed class NodePullTests : IAsyncLifetime
{
    private const string Modelfile = "# by hand\nFROM=\"m.rkllm\"\nTEMPERATURE=0.5\n";
    private TestServer _source = null!;
    private TestServer _target = null!;

    public async Task InitializeAsync()
    {
        _source = await TestServer.StartAsync(configure: static options => options with { SharesModels = true, ApiKey = "secret" });
        _source.AddModel("m", Modelfile);
        Directory.CreateDirectory(Path.Join(_source.Models, "m", "additional_chat_templates"));
        foreach (string file in (string[])["tokenizer.json", "chat_template.jinja", "additional_chat_templates/rag.jinja", "NOTES.txt"])
            File.WriteAllText(Path.Join(_source.Models, "m", file), file);
        _target = await TestServer.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _target.DisposeAsync();
        await _source.DisposeAsync();
    }

    [Fact]
    public async Task A_model_is_the_same_on_both_nodes()
    {
        (HttpStatusCode status, JsonElement body) = await PullAsync("m");

        (status, body.GetRawText()).Should().Be((HttpStatusCode.OK, """{"status":"success"}"""));
        FilesOf(_target, "m").Should().BeEquivalentTo(FilesOf(_source, "m"));
        (await File.ReadAllTextAsync(Path.Join(_target.Models, "m", "Modelfile"))).Should().Be(Modelfile);
        Directory.GetFileSystemEntries(_target.Models).Should().ContainSingle();
    }

    [Fact]
    public async Task A_model_gets_the_name_that_is_asked_for()
    {
        await PullAsync("m:latest", name: "copy");

        FilesOf(_target, "copy").Should().BeEquivalentTo(FilesOf(_source, "m"));
    }

    [Fact]
    public async Task A_node_sends_its_own_key_to_its_peers()
    {
        await using TestServer target = await TestServer.StartAsync(configure: options => options with { ApiKey = "secret", Peers = [_source.Address] });
        target.Client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");

        (HttpStatusCode status, JsonElement body) = await target.PostJsonAsync("/api/pull", $$"""{"model":"m","from":"{{_source.Address}}","stream":false}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
    }

    [Theory]
    [InlineData("/api/pull", """{"model":"ADDRESSm","stream":false}""")]
    [InlineData("/api/pull", """{"model":"m","from":"ADDRESS","stream":false}""")]
    [InlineData("/pull", """{"model":"ADDRESSm"}""")]
    [InlineData("/api/create", """{"model":"n","from":"ADDRESSm","stream":false}""")]
    [InlineData("/node/pulls", """{"model":"ADDRESSm"}""")]
    public async Task A_node_does_not_send_its_own_key_to_an_address_that_a_client_names(string path, string body)
    {
        List<string?> keys = [];
        TaskCompletionSource asked = new();
        await using WebApplication stranger = WebApplication.CreateSlimBuilder().Build();
        stranger.Urls.Add("http://127.0.0.1:0");
        stranger.Run(context =>
        {
            keys.Add(context.Request.Headers.Authorization);
            context.Response.StatusCode = 401;
            asked.TrySetResult();
            return Task.CompletedTask;
        });
        await stranger.StartAsync();
        await using TestServer target = await TestServer.StartAsync(configure: options => options with { ApiKey = "secret", Peers = [_source.Address] });
        target.Client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");

        using HttpResponseMessage response = await target.PostAsync(path, body.Replace("ADDRESS", stranger.Urls.Single() + "/", StringComparison.Ordinal));
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30));

        keys.Should().NotBeEmpty().And.OnlyContain(static key => string.IsNullOrEmpty(key));
    }

    [Fact]
    public async Task The_address_of_a_model_on_another_node_is_its_name_and_its_source()
    {
        await using TestServer target = await TestServer.StartAsync(configure: options => options with { ApiKey = "secret", Peers = [_source.Address] });
        target.Client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");

        (HttpStatusCode status, JsonElement body) = await target.PostJsonAsync("/api/pull", $$"""{"model":"{{_source.Address}}m:latest","stream":false}""");
        (HttpStatusCode again, _) = await target.PostJsonAsync("/api/pull", $$"""{"model":"{{_source.Address}}M","stream":false}""");

        (status, again).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK), "{0}", body);
        FilesOf(target, "m").Should().BeEquivalentTo(FilesOf(_source, "m"));
        Directory.GetFileSystemEntries(target.Models).Should().ContainSingle();
    }

    [Theory]
    [InlineData("secret", HttpStatusCode.OK)]
    [InlineData("wrong", HttpStatusCode.Forbidden)]
    public async Task The_key_of_the_other_node_goes_with_its_address(string key, HttpStatusCode expected)
    {
        (HttpStatusCode status, JsonElement body) = await _target.PostJsonAsync("/api/pull", $$"""{"model":"{{_source.Address}}m","from_key":"{{key}}","stream":false}""");

        status.Should().Be(expected, "{0}", body);
    }

    [Fact]
    public async Task A_file_without_a_directory_gets_the_files_of_the_other_node_except_a_Modelfile_for_another_file()
    {
        await File.WriteAllTextAsync(Path.Join(_target.Models, "other.rkllm"), "weights");

        (HttpStatusCode status, JsonElement body) = await PullAsync("m", "other");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        Dictionary<string, string> files = FilesOf(_target, "other");
        files["Modelfile"].Should().StartWith("FROM=\"other.rkllm\"");
        files["other.rkllm"].Should().Be("weights");
        files["tokenizer.json"].Should().Be("tokenizer.json");
        files.Should().NotContainKey("m.rkllm");
    }

    [Fact]
    public async Task The_text_form_tells_the_files_and_their_progress()
    {
        using HttpResponseMessage response = await _target.PostAsync("/pull", $$"""{"model":"m","from":"{{_source.Address}}","from_key":"secret"}""");

        string[] lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        lines.Should().Contain("Downloading m.rkllm (0.00 MB)...").And.Contain("100%").And.EndWith("Model m is ready.");
    }

    [Theory]
    [InlineData("m", "", HttpStatusCode.Forbidden, "needs an API key")]
    [InlineData("m", "wrong", HttpStatusCode.Forbidden, "does not accept the one that it got")]
    [InlineData("other", "secret", HttpStatusCode.NotFound, "has no model 'other'")]
    public async Task A_refusal_of_the_other_node_is_one_sentence(string model, string key, HttpStatusCode expected, string words)
    {
        (HttpStatusCode status, JsonElement body) = await PullAsync(model, key: key);

        status.Should().Be(expected);
        body.GetProperty("error").GetString().Should().Contain(words).And.Contain(_source.Address.Authority);
        Directory.GetFileSystemEntries(_target.Models).Should().BeEmpty();
    }

    [Fact]
    public async Task A_node_that_does_not_share_is_named_with_its_setting()
    {
        await using TestServer closed = await TestServer.StartAsync();
        closed.AddModel("m");

        (HttpStatusCode status, JsonElement body) = await _target.PostJsonAsync("/api/pull", $$"""{"model":"m","from":"{{closed.Address}}","stream":false}""");

        status.Should().Be(HttpStatusCode.Forbidden);
        body.GetProperty("error").GetString().Should().Contain("start it with --share-models");
    }

    [Theory]
    [InlineData("ftp://node1")]
    [InlineData("http://user:password@node1")]
    [InlineData("http://node1/?x=1")]
    public async Task An_address_that_is_none_of_a_node_is_refused(string from)
    {
        (HttpStatusCode status, JsonElement body) = await _target.PostJsonAsync("/api/pull", $$"""{"model":"m","from":"{{from}}","stream":false}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain("is not the address of a node");
    }

    [Fact]
    public async Task A_model_with_files_that_are_missing_gets_them_and_keeps_its_own()
    {
        _target.AddModel("m", "FROM=\"m.rkllm\"\nTEMPERATURE=0.9\n");
        await File.WriteAllTextAsync(Path.Join(_target.Models, "m", "chat_template.jinja"), "mine");

        (HttpStatusCode status, JsonElement body) = await PullAsync("m");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        Dictionary<string, string> files = FilesOf(_target, "m");
        files["tokenizer.json"].Should().Be("tokenizer.json");
        files["chat_template.jinja"].Should().Be("mine");
        files["Modelfile"].Should().Contain("0.9");
        Directory.GetFileSystemEntries(_target.Models).Should().ContainSingle();
    }

    [Fact]
    public async Task A_shared_model_that_was_pulled_is_passed_on_without_hashing_it_again()
    {
        await using TestServer middle = await TestServer.StartAsync(configure: static options => options with { SharesModels = true });
        await middle.PostJsonAsync("/api/pull", $$"""{"model":"m","from":"{{_source.Address}}","from_key":"secret","stream":false}""");

        (_, JsonElement list) = await middle.GetJsonAsync("/models/m/files");

        list.GetProperty("hashing").GetBoolean().Should().BeFalse();
        list.GetProperty("files")[0].GetProperty("sha256").GetString().Should().HaveLength(64);
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> PullAsync(string model, string? name = null, string key = "secret") =>
        _target.PostJsonAsync("/api/pull", $$"""{"model":"{{model}}","model_name":"{{name}}","from":"{{_source.Address}}","from_key":"{{key}}","stream":false}""");

    private static Dictionary<string, string> FilesOf(TestServer server, string model)
    {
        string directory = Path.Join(server.Models, model);
        return Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Where(static path => !path.EndsWith(ModelSource.FileName, StringComparison.Ordinal)).ToDictionary(path => Path.GetRelativePath(directory, path), File.ReadAllText);
    }
}
