using System.Net;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.EndToEnd.Tests.Pull;

/// <summary>What the original guide says about models: one is there without work by hand, and the ones it links to can be used.</summary>
public sealed class GuideModelTests : IAsyncLifetime
{
    private const string Repository = "kautism/DeepSeek-R1-Distill-Qwen-1.5B-RK3588S-RKLLM1.1.4", Name = "DeepSeek-R1-1.5B";
    private StandInHub _hub = null!;

    public async Task InitializeAsync()
    {
        _hub = await StandInHub.StartAsync();
        _hub.Add(Repository).Add("model.rkllm", new Content(System.IO.File.ReadAllBytes(TestPaths.DemoModel)));
        StandInRepository origin = _hub.Add("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B");
        foreach (string file in (string[])["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
            origin.Add(file, System.IO.File.ReadAllText(Path.Combine(Path.GetDirectoryName(TestPaths.DemoModel)!, file)));
        _hub.Add(Repository).BaseModels.Add("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B");
    }

    public async Task DisposeAsync() => await _hub.DisposeAsync();

    [Fact]
    public async Task The_pre_installed_model_of_the_guide_is_downloaded_and_configured_at_the_first_start()
    {
        await using Node node = await Node.StartAsync("1.1.4", null, ("HF_ENDPOINT", _hub.Address.ToString()), ("HF_HUB_OFFLINE", null), ("RKLLAMA_PULL", Name));

        await node.EventuallyAsync(() => Directory.Exists(Path.Combine(node.Models, Name)), "the model should be downloaded");
        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/load_model", $$"""{"model_name":"{{Name}}"}""");
        string answer = await node.AskAsync("What is the capital of France?");

        (status, body.GetRawText()).Should().Be((HttpStatusCode.OK, $$"""{"message":"Model {{Name}} loaded successfully."}"""));
        answer.Should().Be("The capital of France is Paris.");
        (await System.IO.File.ReadAllTextAsync(Path.Combine(node.Models, Name, "Modelfile"))).Should().Be(
            "FROM=\"model.rkllm\"\nHUGGINGFACE_PATH=\"deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B\"\nSYSTEM=\"\"\n");
    }

    [Theory]
    [InlineData("https://huggingface.co/kautism/DeepSeek-R1-Distill-Qwen-1.5B-RK3588S-RKLLM1.1.4", "DeepSeek-R1-Distill-Qwen-1.5B-RK3588S-RKLLM1.1.4")]
    [InlineData("kautism/DeepSeek-R1-Distill-Qwen-1.5B-RK3588S-RKLLM1.1.4/model.rkllm/mine", "mine")]
    [InlineData("deepseek-r1:1.5b", "deepseek-r1:1.5b")]
    public async Task The_compatible_model_of_the_guide_is_pulled_by_the_address_of_its_page_and_by_its_names(string requested, string name)
    {
        await using Node node = await Node.StartAsync("1.1.4", null, ("HF_ENDPOINT", _hub.Address.ToString()), ("HF_HUB_OFFLINE", null));

        List<JsonElement> lines = await PullRequest.SendAsync(node, requested);
        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/load_model", $$"""{"model_name":"{{name}}"}""");

        lines[^1].GetRawText().Should().Be("""{"status":"success"}""");
        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        (await node.AskAsync("What is the capital of France?")).Should().Be("The capital of France is Paris.");
    }
}
