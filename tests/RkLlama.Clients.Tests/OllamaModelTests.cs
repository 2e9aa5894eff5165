using System.Net;
using OllamaSharp;
using OllamaSharp.Models;
using OllamaSharp.Models.Exceptions;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Clients.Tests;

/// <summary>Models, embeddings and errors with OllamaSharp. Each test has its own server, because the tests change the models.</summary>
public sealed class OllamaModelTests
{
    [Fact]
    public async Task The_server_reports_its_version()
    {
        await using Node node = await ClientNode.StartAsync();
        using OllamaApiClient client = ClientNode.Ollama(node);

        (await client.IsRunningAsync()).Should().BeTrue();
        Version.Parse(await client.GetVersionAsync()).Should().BeGreaterThanOrEqualTo(new Version(0, 5));
    }

    [Fact]
    public async Task Models_are_listed_and_shown()
    {
        await using Node node = await ClientNode.StartAsync();
        using OllamaApiClient client = ClientNode.Ollama(node);

        Model[] models = [.. await client.ListLocalModelsAsync()];
        ShowModelResponse shown = await client.ShowModelAsync("demo:latest");

        models.Select(model => model.Name).Should().Equal("demo:latest", "demo-embedding:latest");
        models[0].Size.Should().Be(new FileInfo(Path.Combine(node.Models, "demo", "demo.rkllm")).Length);
        models[0].ModifiedAt.Should().BeAfter(new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        models[0].Digest.Should().HaveLength(64);
        shown.Capabilities.Should().Equal("completion", "tools", "thinking");
        shown.Template.Should().Contain("tool_call");
        shown.Parameters.Should().Contain("num_ctx 4096");
        shown.Info.Should().NotBeNull();
    }

    [Fact]
    public async Task A_model_is_loaded_listed_and_unloaded()
    {
        await using Node node = await ClientNode.StartAsync();
        using OllamaApiClient client = ClientNode.Ollama(node);
        await client.GenerateAsync(new GenerateRequest { KeepAlive = "10m" }).StreamToEndAsync();

        RunningModel running = (await client.ListRunningModelsAsync()).Single();
        await client.RequestModelUnloadAsync("demo");

        running.Name.Should().Be("demo:latest");
        running.SizeVram.Should().BePositive();
        running.ContextLength.Should().Be(4096);
        running.ExpiresAt.ToUniversalTime().Should().BeAfter(DateTime.UtcNow.AddMinutes(5)).And.BeBefore(DateTime.UtcNow.AddMinutes(11));
        (await client.ListRunningModelsAsync()).Should().BeEmpty();
        node.Workers().Should().BeEmpty();
    }

    [Fact]
    public async Task A_model_is_copied_and_deleted()
    {
        await using Node node = await ClientNode.StartAsync();
        using OllamaApiClient client = ClientNode.Ollama(node, "twin");

        await client.CopyModelAsync("demo", "twin");
        string answer = await new Chat(client).SendAsync("!echo from the twin").StreamToEndAsync();
        await client.DeleteModelAsync("twin");

        answer.Should().Be("from the twin");
        (await client.ListLocalModelsAsync()).Select(model => model.Name).Should().Equal("demo:latest", "demo-embedding:latest");
        File.Exists(Path.Combine(node.Models, "demo", "demo.rkllm")).Should().BeTrue();
    }

    [Fact]
    public async Task Embeddings_come_one_for_each_text()
    {
        await using Node node = await ClientNode.StartAsync();
        using OllamaApiClient client = ClientNode.Ollama(node, ClientNode.EmbeddingModel);

        EmbedResponse response = await client.EmbedAsync(new EmbedRequest { Model = ClientNode.EmbeddingModel, Input = ["one text", "another"] });

        response.Embeddings.Should().HaveCount(2);
        response.Embeddings[0].Should().HaveCount(128).And.NotEqual(response.Embeddings[1]);
        Math.Sqrt(response.Embeddings[0].Sum(value => (double)value * value)).Should().BeApproximately(1, 1e-5);
        response.PromptEvalCount.Should().BePositive();
    }

    [Fact]
    public async Task An_unknown_model_is_not_found()
    {
        await using Node node = await ClientNode.StartAsync();
        using OllamaApiClient client = ClientNode.Ollama(node, "nothing");

        Func<Task> chat = () => new Chat(client).SendAsync("x").StreamToEndAsync();
        Func<Task> show = () => client.ShowModelAsync("nothing");
        Func<Task> delete = () => client.DeleteModelAsync("nothing");

        foreach (Func<Task> call in (Func<Task>[])[chat, show, delete])
        {
            Exception error = (await call.Should().ThrowAsync<Exception>()).Which;
            error.Should().Match<Exception>(one => one is OllamaException || (one is HttpRequestException && ((HttpRequestException)one).StatusCode == HttpStatusCode.NotFound));
        }
    }

    [Fact]
    public async Task Pull_is_refused_with_a_reason()
    {
        await using Node node = await ClientNode.StartAsync();
        using OllamaApiClient client = ClientNode.Ollama(node);

        Func<Task> pull = async () =>
        {
            await foreach (PullModelResponse? line in client.PullModelAsync("qwen3"))
                line!.Status.Should().NotBe("success");
        };

        (await pull.Should().ThrowAsync<Exception>()).Which.Should().NotBeOfType<Xunit.Sdk.XunitException>();
    }
}
