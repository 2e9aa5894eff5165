using System.Net;
using System.Text;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.EndToEnd.Tests;

/// <summary>
/// The requests of the Python clients of rkllama: that of the fork (<c>client.py</c>) and the newer <c>rkllama_client</c>. Each test sends what the client sends
/// and reads the responses as the client does.
/// </summary>
public sealed class RkLlamaClientTests : IAsyncLifetime
{
    private const string Repository = "someone/Demo-RK3588-RKLLM-1.2.3", File = "demo-w8a8-rk3588.rkllm", Pulled = "demo-w8a8-rk3588";
    private StandInHub _hub = null!;
    private Node _node = null!;

    public async Task InitializeAsync()
    {
        _hub = await StandInHub.StartAsync();
        StandInRepository files = _hub.Add(Repository).Add(File, new Content(System.IO.File.ReadAllBytes(TestPaths.DemoModel)));
        foreach (string name in (string[])["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
            files.Add(name, System.IO.File.ReadAllText(Path.Combine(Path.GetDirectoryName(TestPaths.DemoModel)!, name)));
        _node = await Node.StartAsync("1.2.3", ["--port", "0"], ("HF_ENDPOINT", _hub.Address.ToString()), ("HF_HUB_OFFLINE", null), ("RKLLAMA_TARGET_PLATFORM", "rk3588"));
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task The_fork_pulls_lists_loads_runs_unloads_and_removes_a_model()
    {
        await IsRunningAsync();

        List<string> pulled = await PullAsync($$"""{"model": "{{Repository}}/{{File}}"}""");
        string[] listed = await ListAsync();
        HttpStatusCode loaded = (await SendAsync(HttpMethod.Post, "load_model", $$"""{"model_name": "{{Pulled}}"}""")).Status;
        string answer = await ChatAsync("!echo Hello from the board");
        (HttpStatusCode unloaded, _) = await SendAsync(HttpMethod.Post, "unload_model", null);
        (HttpStatusCode none, JsonElement error) = await SendAsync(HttpMethod.Post, "unload_model", null);
        (HttpStatusCode removed, _) = await SendAsync(HttpMethod.Delete, "remove", $$"""{"model": "{{Pulled}}"}""");

        pulled.Should().NotContain(static line => line.StartsWith("Error", StringComparison.Ordinal)).And.Contain("100");
        listed.Should().Equal(Pulled);
        (loaded, unloaded, removed).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK));
        answer.Should().Be("Hello from the board");
        none.Should().Be(HttpStatusCode.BadRequest);
        error.GetProperty("error").GetString().Should().Be("No models are currently loaded.");
        (await ListAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task The_fork_switches_the_model_before_a_conversation_and_unloads_it_before_its_removal()
    {
        _node.AddModel("one");
        _node.AddModel("two");
        await IsRunningAsync();

        List<string?> unloaded = [await SwitchAsync("one"), await SwitchAsync("two"), await SwitchAsync("two")];
        string answer = await ChatAsync("!echo still here");
        JsonElement current = (await SendAsync(HttpMethod.Get, "current_model", null)).Body;
        (HttpStatusCode unload, _) = await SendAsync(HttpMethod.Post, "unload_model", null);
        (HttpStatusCode removed, _) = await SendAsync(HttpMethod.Delete, "remove", """{"model": "two"}""");

        unloaded.Should().Equal(null, "one", "two");
        answer.Should().Be("still here");
        current.GetProperty("model_name").GetString().Should().Be("two");
        (unload, removed).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK));
        (await ListAsync()).Should().Equal("one");
    }

    [Fact]
    public async Task The_fork_loads_a_file_without_a_Modelfile_by_its_name_and_its_repository()
    {
        _node.AddModel("bare");
        System.IO.File.Delete(Path.Combine(_node.Models, "bare", "Modelfile"));
        await IsRunningAsync();

        (HttpStatusCode status, JsonElement body) = await SendAsync(
            HttpMethod.Post, "load_model", """{"model_name": "bare", "huggingface_path": "Qwen/Qwen2.5-1.5B-Instruct", "from": "demo.rkllm"}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        (await ChatAsync("!echo bare")).Should().Be("bare");
    }

    [Fact]
    public async Task The_newer_client_pulls_under_a_name_of_its_own_and_removes_it()
    {
        await IsRunningAsync();

        List<string> pulled = await PullAsync($$"""{"model": "{{Repository}}/{{File}}", "model_name": "tinyllama-chat:1.1b"}""");
        string[] listed = await ListAsync();
        (HttpStatusCode shown, JsonElement info) = await SendAsync(HttpMethod.Post, "api/show", """{"name": "tinyllama-chat:1.1b"}""");
        (HttpStatusCode loaded, _) = await SendAsync(HttpMethod.Post, "load_model", """{"model_name": "tinyllama-chat:1.1b"}""");
        JsonElement running = (await SendAsync(HttpMethod.Get, "api/ps", null)).Body.GetProperty("models")[0];
        string answer = await CompleteAsync("tinyllama-chat:1.1b", "!echo Hello");
        (HttpStatusCode unloaded, _) = await SendAsync(HttpMethod.Post, "unload_model", """{"model_name": "tinyllama-chat:1.1b"}""");
        (HttpStatusCode removed, JsonElement message) = await SendAsync(HttpMethod.Delete, "rm", """{"model": "tinyllama-chat:1.1b"}""");

        pulled.Should().NotContain(static line => line.StartsWith("Error", StringComparison.Ordinal)).And.Contain("100");
        listed.Should().Equal("tinyllama-chat:1.1b");
        shown.Should().Be(HttpStatusCode.OK);
        info.GetProperty("details").GetProperty("family").GetString().Should().NotBeNullOrEmpty();
        (loaded, unloaded, removed).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK));
        (running.GetProperty("name").GetString(), running.GetProperty("size").GetInt64() > 0).Should().Be(("tinyllama-chat:1.1b", true));
        answer.Should().Be("Hello");
        message.GetProperty("message").GetString().Should().Be("The model has been successfully deleted!");
        (await ListAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task A_pull_that_fails_is_a_line_that_the_clients_print()
    {
        List<string> pulled = await PullAsync("""{"model": "nobody/nothing/file.rkllm"}""");

        pulled[^1].Should().StartWith("Error: ");
    }

    /// <summary>Each command first asks whether the server runs.</summary>
    private async Task IsRunningAsync() => (await SendAsync(HttpMethod.Get, "", null)).Status.Should().Be(HttpStatusCode.OK);

    private async Task<string[]> ListAsync() =>
        [.. (await SendAsync(HttpMethod.Get, "models", null)).Body.GetProperty("models").EnumerateArray().Select(static name => name.GetString()!)];

    /// <returns>The name of the model that was unloaded; null for none.</returns>
    private async Task<string?> SwitchAsync(string model)
    {
        string? unloaded = null;
        (HttpStatusCode status, JsonElement current) = await SendAsync(HttpMethod.Get, "current_model", null);
        if (status == HttpStatusCode.OK)
        {
            unloaded = current.GetProperty("model_name").GetString();
            (await SendAsync(HttpMethod.Post, "unload_model", null)).Status.Should().Be(HttpStatusCode.OK);
        }

        (await SendAsync(HttpMethod.Post, "load_model", $$"""{"model_name": "{{model}}"}""")).Status.Should().Be(HttpStatusCode.OK);
        return unloaded;
    }

    /// <summary>Streams an answer of <c>/generate</c>: each line that is not empty is JSON, and the content of all lines is the answer.</summary>
    private async Task<string> ChatAsync(string message)
    {
        StringBuilder answer = new();
        JsonElement last = default;
        foreach (string line in await LinesAsync("generate", $$"""{"messages": [{"role": "user", "content": "{{message}}"}], "stream": true}"""))
        {
            last = JsonElement.Parse(line);
            answer.Append(last.GetProperty("choices")[0].GetProperty("content").GetString());
        }

        last.GetProperty("usage").GetProperty("tokens_per_second").GetDouble().Should().BePositive();
        last.GetProperty("usage").GetProperty("completion_tokens").GetInt32().Should().BePositive();
        return answer.ToString();
    }

    /// <summary>Streams an answer of <c>/v1/chat/completions</c>: each line that is not empty is JSON after <c>data: </c>, or <c>[DONE]</c>.</summary>
    private async Task<string> CompleteAsync(string model, string message)
    {
        StringBuilder answer = new();
        foreach (string line in await LinesAsync("v1/chat/completions", $$"""{"model": "{{model}}", "messages": [{"role": "user", "content": "{{message}}"}], "stream": true}"""))
        {
            string json = (line.StartsWith("data: ", StringComparison.Ordinal) ? line["data: ".Length..] : line).Trim();
            if (json == "[DONE]")
                continue;
            JsonElement choices = JsonElement.Parse(json).GetProperty("choices");
            if (choices.GetArrayLength() > 0 && choices[0].TryGetProperty("delta", out JsonElement delta) && delta.TryGetProperty("content", out JsonElement content))
                answer.Append(content.GetString());
        }

        return answer.ToString();
    }

    /// <summary>A line that ends with a percent sign is a whole number, which replaces the bar. The others are printed.</summary>
    /// <returns>The percentages without their signs, and the printed lines.</returns>
    private async Task<List<string>> PullAsync(string body)
    {
        List<string> shown = [];
        foreach (string line in await LinesAsync("pull", body))
        {
            string text = line.Trim();
            shown.Add(text.EndsWith('%') ? int.Parse(text.TrimEnd('%'), System.Globalization.CultureInfo.InvariantCulture).ToString(System.Globalization.CultureInfo.InvariantCulture) : text);
        }

        return shown;
    }

    private async Task<string[]> LinesAsync(string path, string body)
    {
        using HttpResponseMessage response = await _node.Client.PostAsync("/" + path, new StringContent(body, Encoding.UTF8, "application/json"));
        string text = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(HttpStatusCode.OK, "{0}", text);
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpMethod method, string path, string? body)
    {
        using HttpRequestMessage request = new(method, "/" + path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await _node.Client.SendAsync(request);
        return (response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync()));
    }
}
