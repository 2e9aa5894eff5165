using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using OllamaSharp;
using OllamaSharp.Models;
using OllamaSharp.Models.Chat;
using RkLlama.EndToEnd.Tests.Support;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.Clients.Tests;

/// <summary>
/// Checks the same 14 properties as the functional tests of OllamaSharp's own repository. Each test has a node without models and a stand-in for the hub, from which
/// the node pulls the demo models.
/// </summary>
public sealed class OllamaFunctionalTests : IAsyncLifetime, IDisposable
{
    private const string Model = "deepseek-r1:1.5b", EmbeddingRepository = "someone/all-minilm-22m", Created = "OllamaSharpTest";
    private StandInHub _hub = null!;
    private Node _node = null!;
    private OllamaApiClient _client = null!;

    public async Task InitializeAsync()
    {
        _hub = await StandInHub.StartAsync();
        Publish("kautism/DeepSeek-R1-Distill-Qwen-1.5B-RK3588S-RKLLM1.1.4", "demo");
        Publish(EmbeddingRepository, "demo-embedding");
        _node = await Node.StartAsync("1.2.3", ["--port", "0"], ("HF_ENDPOINT", _hub.Address.ToString()), ("HF_HUB_OFFLINE", null), ("RKLLAMA_TARGET_PLATFORM", "rk3588"));
        _client = new(_node.Address);
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _hub.DisposeAsync();
    }

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_model_is_pulled()
    {
        List<PullModelResponse?> lines = await _client.PullModelAsync(new PullModelRequest { Model = Model }).ToListAsync();

        lines.Select(static line => line!.Status).Should().Contain("pulling manifest").And.Contain("success");
        (await NamesAsync()).Should().Equal(Model);
        lines.Max(static line => line!.Percent).Should().Be(100);
    }

    [Fact]
    public async Task A_model_is_created()
    {
        await PullAsync(Model);

        List<CreateModelResponse?> lines = await CreateAsync();

        lines.Select(static line => line!.Status).Should().Contain("success").And.Contain(static status => status.StartsWith("using existing layer", StringComparison.Ordinal));
        (await NamesAsync()).Should().Contain(Created + ":latest");
        (await _client.ShowModelAsync(Created)).Parameters.Should().Contain("temperature 0.31").And.Contain("num_ctx 4096");
    }

    [Fact]
    public async Task A_created_model_is_copied()
    {
        await PullAsync(Model);
        await CreateAsync();

        await _client.CopyModelAsync(new CopyModelRequest { Source = Created, Destination = Created + "-copy" });

        (await NamesAsync()).Should().Contain(Created + "-copy:latest");
    }

    [Fact]
    public async Task A_text_is_embedded()
    {
        await PullAsync(EmbeddingRepository);

        EmbedResponse response = await _client.EmbedAsync(new EmbedRequest { Model = "all-minilm-22m", Input = ["Hello, world!"] });

        response.Embeddings.Should().ContainSingle().Which.Should().NotBeEmpty();
        response.LoadDuration.Should().BeGreaterThan(100);
        response.TotalDuration.Should().BeGreaterThan(100);
    }

    [Fact]
    public async Task Local_models_are_listed()
    {
        await PullAsync(Model);

        (await NamesAsync()).Should().Contain(Model);
    }

    [Fact]
    public async Task Running_models_are_listed()
    {
        await PullAsync(Model);
        await _client.GenerateAsync(new GenerateRequest { Model = Model, Prompt = "Please say 'hello'." }).ToListAsync();

        (await _client.ListRunningModelsAsync()).Select(static model => model.Name).Should().Contain(Model);
    }

    [Fact]
    public async Task A_model_is_shown()
    {
        await PullAsync(Model);

        ShowModelResponse shown = await _client.ShowModelAsync(new ShowModelRequest { Model = Model });

        shown.Details.Family.Should().NotBeNullOrEmpty();
        shown.Info.Architecture.Should().Be(shown.Details.Family);
        shown.Details.Format.Should().NotBeNullOrEmpty();
    }

    [Fact]
    public async Task A_copy_is_deleted()
    {
        await PullAsync(Model);
        await _client.CopyModelAsync(new CopyModelRequest { Source = Model, Destination = Created + "-copy" });

        await _client.DeleteModelAsync(new DeleteModelRequest { Model = Created + "-copy:latest" });

        (await NamesAsync()).Should().Equal(Model);
    }

    [Fact]
    public async Task A_prompt_is_answered()
    {
        await PullAsync(Model);

        List<GenerateResponseStream?> lines = await _client.GenerateAsync(new GenerateRequest { Model = Model, Prompt = "!echo The answer is 42." }).ToListAsync();

        string.Concat(lines.Select(static line => line!.Response)).Should().Contain("42");
    }

    [Fact]
    public async Task A_conversation_with_a_system_message_in_its_middle_is_answered()
    {
        await PullAsync(Model);
        ChatRequest request = new()
        {
            Model = Model,
            Messages =
            [
                new() { Role = ChatRole.User, Content = "What is the meaning of life?" },
                new() { Role = ChatRole.System, Content = "The meaning of life is 42." },
                new() { Role = ChatRole.User, Content = "!echo Douglas Adams" },
            ],
        };

        List<ChatResponseStream?> lines = await _client.ChatAsync(request).ToListAsync();

        string.Concat(lines.Select(static line => line!.Message.Content)).Should().Contain("Douglas Adams");
    }

    [Fact]
    public async Task The_server_runs() => (await _client.IsRunningAsync()).Should().BeTrue();

    [Fact]
    public async Task The_server_has_a_version() => (await _client.GetVersionAsync()).Should().NotBeNullOrEmpty();

    [Fact]
    public async Task A_chat_is_answered()
    {
        await PullAsync(Model);
        _client.SelectedModel = Model;

        string answer = await new Chat(_client).SendAsync("!echo 2", CancellationToken.None).StreamToEndAsync();

        answer.Should().Be("2");
    }

    [Fact]
    public async Task An_answer_has_the_form_of_a_schema()
    {
        await PullAsync(Model);
        _client.SelectedModel = Model;
        JsonNode schema = JsonSerializerOptions.Default.GetJsonSchemaAsNode(typeof(Sword));

        string answer = await new Chat(_client).SendAsync("""!echo {"Name":"Excalibur","Damage":7}""", tools: null, format: schema).StreamToEndAsync();

        JsonSerializer.Deserialize<Sword>(answer).Should().Be(new Sword("Excalibur", 7));
    }

    private void Publish(string repository, string demo)
    {
        StandInRepository files = _hub.Add(repository);
        foreach (string path in Directory.EnumerateFiles(Path.Combine(TestPaths.Root, "models", demo)))
        {
            if (path.EndsWith(".rkllm", StringComparison.Ordinal))
                files.Add("model-w8a8-rk3588.rkllm", new Content(File.ReadAllBytes(path)));
            else if (Path.GetFileName(path) is var name && name != "Modelfile")
                files.Add(name, File.ReadAllText(path));
        }
    }

    private async Task PullAsync(string model) => await _client.PullModelAsync(new PullModelRequest { Model = model }).ToListAsync();

    private async Task<List<CreateModelResponse?>> CreateAsync() => await _client.CreateModelAsync(new CreateModelRequest
    {
        Model = Created,
        From = Model,
        Stream = true,
        Parameters = new() { ["num_ctx"] = 4096, ["temperature"] = 0.31 },
    }).ToListAsync();

    private async Task<IEnumerable<string>> NamesAsync() => (await _client.ListLocalModelsAsync()).Select(static model => model.Name);

    private sealed record Sword(string Name, int Damage);
}
