using System.Net;
using System.Text.Json;
using RkLlama.Hub.Tests.StandIn;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Pulls;

/// <summary>A model that was pulled is found again by the name at its source, in all endpoints.</summary>
public sealed class SourceNameTests : IAsyncLifetime
{
    private const string Repository = "own/good";
    private StandInHub _hub = null!;
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _hub = await StandInHub.StartAsync();
        _hub.Add(Repository).Add("a-w8a8-rk3588.rkllm", new Content(5000, 1)).Add("sub/b-w8a8-rk3588.rkllm", new Content(5000, 2)).Add("tokenizer.json", "{}").Add("chat_template.jinja", "x");
        _hub.Add("other/good").Add("c-w8a8-rk3588.rkllm", new Content(5000, 3)).Add("tokenizer.json", "{}").Add("chat_template.jinja", "x");
        _hub.Add("kautism/DeepSeek-R1-Distill-Qwen-1.5B-RK3588S-RKLLM1.1.4").Add("d.rkllm", new Content(5000, 4)).Add("tokenizer.json", "{}").Add("chat_template.jinja", "x");
        _server = await TestServer.StartAsync(hubs: new() { HuggingFace = _hub.Address, RetryDelay = TimeSpan.FromMilliseconds(5) });
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Theory]
    [InlineData("own/good/a-w8a8-rk3588.rkllm", "own/good/a-w8a8-rk3588.rkllm")]
    [InlineData("own/good/a-w8a8-rk3588.rkllm", "OWN/Good/a-w8a8-rk3588.rkllm")]
    [InlineData("own/good/a-w8a8-rk3588.rkllm", "hf.co/own/good/a-w8a8-rk3588.rkllm@main")]
    [InlineData("own/good/a-w8a8-rk3588.rkllm", "https://huggingface.co/own/good/blob/main/a-w8a8-rk3588.rkllm")]
    [InlineData("other/good", "https://huggingface.co/other/good")]
    [InlineData("other/good", "other/good/c-w8a8-rk3588.rkllm")]
    [InlineData("other/good/c-w8a8-rk3588.rkllm/mine", "other/good/c-w8a8-rk3588.rkllm/mine")]
    [InlineData("other/good/c-w8a8-rk3588.rkllm/mine", "other/good/c-w8a8-rk3588.rkllm")]
    [InlineData("deepseek-r1:1.5b", "deepseek-r1")]
    [InlineData("deepseek-r1:1.5b", "DeepSeek-R1-1.5B")]
    [InlineData("DeepSeek-R1-1.5B", "deepseek-r1:latest")]
    [InlineData("deepseek-r1", "kautism/DeepSeek-R1-Distill-Qwen-1.5B-RK3588S-RKLLM1.1.4")]
    public async Task A_model_is_shown_loaded_and_deleted_by_the_name_at_its_source(string pulled, string asked)
    {
        await PullAsync(pulled);
        string directory = Directory.GetDirectories(_server.Models).Single();

        (HttpStatusCode shown, JsonElement show) = await _server.PostJsonAsync("/api/show", $$"""{"model":"{{asked}}"}""");
        (HttpStatusCode chatted, JsonElement chat) = await _server.PostJsonAsync("/api/chat", $$"""{"model":"{{asked}}","stream":false,"messages":[{"role":"user","content":"Hi"}]}""");
        (HttpStatusCode answered, JsonElement completion) = await _server.PostJsonAsync("/v1/chat/completions", $$"""{"model":"{{asked}}","messages":[{"role":"user","content":"Hi"}]}""");
        (HttpStatusCode described, _) = await _server.GetJsonAsync("/v1/models/" + Uri.EscapeDataString(asked));
        JsonElement again = await PullAsync(asked);
        using HttpRequestMessage delete = new(HttpMethod.Delete, new Uri("/api/delete", UriKind.Relative)) { Content = new StringContent($$"""{"model":"{{asked}}"}""") };
        using HttpResponseMessage deleted = await _server.Client.SendAsync(delete);

        (shown, chatted, answered, described, deleted.StatusCode).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK), "{0} {1} {2}", show, chat, completion);
        again.GetProperty("status").GetString().Should().StartWith($"'{Path.GetFileName(directory)}' is already here (from ");
        Directory.GetDirectories(_server.Models).Should().BeEmpty();
    }

    [Theory]
    [InlineData("/load_model", "{\"model_name\":\"other/good\"}")]
    [InlineData("/api/generate", "{\"model\":\"other/good\",\"prompt\":\"x\",\"stream\":false}")]
    [InlineData("/api/copy", "{\"source\":\"other/good\",\"destination\":\"copy\"}")]
    [InlineData("/api/create", "{\"model\":\"made\",\"from\":\"other/good\",\"stream\":false}")]
    public async Task A_renamed_model_is_found_by_its_source(string path, string body)
    {
        await PullAsync("other/good");
        using HttpResponseMessage renamed = await _server.PostAsync("/api/rename", """{"source":"good","destination":"renamed"}""");

        using HttpResponseMessage response = await _server.PostAsync(path, body);

        (renamed.StatusCode, response.StatusCode).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK), "{0}", await response.Content.ReadAsStringAsync());
        Directory.Exists(Path.Combine(_server.Models, "good")).Should().BeFalse();
    }

    [Theory]
    [InlineData("own/good/sub/b-w8a8-rk3588.rkllm")]
    [InlineData("own/good/a-w8a8-rk3588.rkllm@v2")]
    [InlineData("modelscope.cn/own/good/a-w8a8-rk3588.rkllm")]
    [InlineData("own/good/a-w8a8-rk3588.rkllm/mine")]
    [InlineData("http://node1:8080/a-w8a8-rk3588")]
    [InlineData("own/goods/a-w8a8-rk3588.rkllm")]
    public async Task Another_file_revision_or_place_is_another_model(string asked)
    {
        await PullAsync("own/good/a-w8a8-rk3588.rkllm");

        (HttpStatusCode shown, _) = await _server.PostJsonAsync("/api/show", $$"""{"model":"{{asked}}"}""");

        shown.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_commit_is_the_model_that_was_found_at_it()
    {
        await PullAsync("other/good");
        string commit = (await File.ReadAllLinesAsync(Path.Combine(_server.Models, "good", ".rkllama-source"))).Single(static line => line.StartsWith("commit=", StringComparison.Ordinal))["commit=".Length..];

        (HttpStatusCode shown, _) = await _server.PostJsonAsync("/api/show", $$"""{"model":"other/good@{{commit}}"}""");

        shown.Should().Be(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("own/good/a-w8a8-rk3588.rkllm", "good")]
    [InlineData("own/good/sub/b-w8a8-rk3588.rkllm/good", null)]
    [InlineData("other/good@v2", null)]
    public async Task A_pull_of_another_source_under_the_name_of_a_model_is_refused(string model, string? name)
    {
        await PullAsync("other/good");

        (HttpStatusCode status, JsonElement body) = await _server.PostJsonAsync("/api/pull", $$"""{"model":"{{model}}","model_name":"{{name}}","stream":false}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().StartWith("'good' is here already from other/good, and not from ").And.Contain("rkllama rm good");
        File.Exists(Path.Combine(_server.Models, "good", "c-w8a8-rk3588.rkllm")).Should().BeTrue();
    }

    [Theory]
    [InlineData("renamed", HttpStatusCode.OK)]
    [InlineData("RENAMED:latest", HttpStatusCode.OK)]
    [InlineData("demo", HttpStatusCode.NotFound)]
    public async Task A_model_that_is_made_anew_of_itself_keeps_its_source(string from, HttpStatusCode expected)
    {
        _server.AddModel("demo");
        await PullAsync("other/good");
        using HttpResponseMessage renamed = await _server.PostAsync("/api/rename", """{"source":"good","destination":"renamed"}""");

        (HttpStatusCode made, JsonElement answer) = await _server.PostJsonAsync("/api/create", $$"""{"model":"renamed","from":"{{from}}","system":"Be brief.","stream":false}""");
        (HttpStatusCode shown, JsonElement show) = await _server.PostJsonAsync("/api/show", """{"model":"other/good"}""");

        (made, shown).Should().Be((HttpStatusCode.OK, expected), "{0} {1}", answer, show);
        if (expected == HttpStatusCode.OK)
            show.GetProperty("system").GetString().Should().Be("Be brief.");
    }

    [Fact]
    public async Task A_model_that_was_put_there_by_hand_has_no_source()
    {
        _server.AddModel("good");

        (HttpStatusCode shown, _) = await _server.PostJsonAsync("/api/show", """{"model":"other/good"}""");
        (HttpStatusCode byAlias, _) = await _server.PostJsonAsync("/api/show", """{"model":"deepseek-r1"}""");

        (shown, byAlias).Should().Be((HttpStatusCode.NotFound, HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task A_short_name_finds_a_model_that_has_another_short_name_of_the_same_entry()
    {
        _server.AddModel("DeepSeek-R1-1.5B");

        (HttpStatusCode shown, _) = await _server.PostJsonAsync("/api/show", """{"model":"deepseek-r1:1.5b"}""");
        JsonElement pulled = await PullAsync("library/deepseek-r1");

        shown.Should().Be(HttpStatusCode.OK);
        pulled.GetProperty("model").GetString().Should().Be("DeepSeek-R1-1.5B");
        Directory.GetDirectories(_server.Models).Should().ContainSingle();
    }

    [Fact]
    public async Task A_new_name_that_is_a_short_name_of_another_model_is_free()
    {
        await PullAsync("deepseek-r1:1.5b");

        using HttpResponseMessage copied = await _server.PostAsync("/api/copy", """{"source":"deepseek-r1:1.5b","destination":"deepseek-r1"}""");
        (HttpStatusCode created, _) = await _server.PostJsonAsync("/api/create", """{"model":"DeepSeek-R1-1.5B","from":"deepseek-r1:1.5b","system":"x","stream":false}""");

        (copied.StatusCode, created).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK));
        Directory.GetDirectories(_server.Models).Select(Path.GetFileName).Should().BeEquivalentTo("deepseek-r1:1.5b", "deepseek-r1", "DeepSeek-R1-1.5B");
        Directory.GetFiles(_server.Models, ".rkllama-source", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }).Should().ContainSingle();
    }

    [Fact]
    public async Task Two_names_of_one_model_share_one_download()
    {
        Task<List<JsonElement>> first = LinesAsync("deepseek-r1:1.5b"), second = LinesAsync("deepseek-r1"), third = LinesAsync("kautism/DeepSeek-R1-Distill-Qwen-1.5B-RK3588S-RKLLM1.1.4");
        List<JsonElement>[] all = await Task.WhenAll(first, second, third);

        all.Select(static lines => lines.Last(static line => line.TryGetProperty("model", out _)).GetProperty("model").GetString()).Distinct().Should().ContainSingle();
        Directory.GetDirectories(_server.Models).Should().ContainSingle();
    }

    /// <summary>Pulls a model and returns the last line that names it.</summary>
    private async Task<JsonElement> PullAsync(string model) => (await LinesAsync(model)).Last(static line => line.TryGetProperty("model", out _));

    private async Task<List<JsonElement>> LinesAsync(string model)
    {
        using HttpResponseMessage response = await _server.PostAsync("/api/pull", $$"""{"model":"{{model}}"}""");
        List<JsonElement> lines = [.. (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonElement.Parse(line))];
        lines[^1].GetRawText().Should().Be("""{"status":"success"}""");
        return lines;
    }
}
