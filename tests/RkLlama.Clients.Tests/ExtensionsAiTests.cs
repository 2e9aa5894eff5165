using System.ComponentModel;
using Microsoft.Extensions.AI;

namespace RkLlama.Clients.Tests;

/// <summary>Chat and embeddings with Microsoft.Extensions.AI, on the OpenAI API and on the Ollama API.</summary>
public sealed class ExtensionsAiTests(ClientNode fixture) : IClassFixture<ClientNode>
{
    public static TheoryData<string> Ways { get; } = ["openai", "ollama"];

    internal sealed record City(string Name, int Inhabitants);

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_chat_in_one_piece(string way)
    {
        using IChatClient client = ClientNode.Chat(fixture.Node, way);

        ChatResponse response = await client.GetResponseAsync("What is the capital of France?");

        response.Text.Should().Be("The capital of France is Paris.");
        response.FinishReason.Should().Be(ChatFinishReason.Stop);
        response.Usage!.OutputTokenCount.Should().Be(7);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_stream(string way)
    {
        using IChatClient client = ClientNode.Chat(fixture.Node, way);

        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("What is the capital of France?"))
            updates.Add(update);

        updates.Count(update => update.Text.Length > 0).Should().Be(7);
        ChatResponse response = updates.ToChatResponse();
        response.Text.Should().Be("The capital of France is Paris.");
        response.FinishReason.Should().Be(ChatFinishReason.Stop);
        response.Usage!.OutputTokenCount.Should().Be(7);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_function_is_called_and_its_result_is_answered(string way)
    {
        List<string> asked = [];
        using IChatClient client = ClientNode.Chat(fixture.Node, way).AsBuilder().UseFunctionInvocation().Build();
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create(Weather, "get_weather")] };

        ChatResponse whole = await client.GetResponseAsync("""!tool get_weather {"city":"Paris"}""", options);
        ChatResponse streamed = await client.GetStreamingResponseAsync("""!tool get_weather {"city":"Rome"}""", options).ToChatResponseAsync();

        asked.Should().Equal("Paris", "Rome");
        whole.Text.Should().Contain("The function answered").And.Contain("sunny in Paris");
        streamed.Text.Should().Contain("sunny in Rome");

        [Description("The weather in a city.")]
        string Weather(string city)
        {
            asked.Add(city);
            return $"sunny in {city}";
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Structured_output_becomes_an_object(string way)
    {
        using IChatClient client = ClientNode.Chat(fixture.Node, way);

        ChatResponse<City> response = await client.GetResponseAsync<City>("""!echo {"name":"Paris","inhabitants":2100000}""");

        response.Result.Should().Be(new City("Paris", 2100000));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Reasoning_is_separate_from_the_text(string way)
    {
        using IChatClient client = ClientNode.Chat(fixture.Node, way);

        ChatResponse response = await client.GetResponseAsync("!think Paris.", new() { Reasoning = new() { Effort = ReasoningEffort.Medium } });

        response.Text.Should().Be("Paris.");
        string thoughts = string.Concat(response.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>().Select(thought => thought.Text));
        thoughts.Should().Be("hm");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Options_that_every_client_sends_are_accepted(string way)
    {
        using IChatClient client = ClientNode.Chat(fixture.Node, way);

        ChatResponse response = await client.GetResponseAsync(
            [new(ChatRole.System, "Be brief."), new(ChatRole.User, "!count 9")],
            new() { Temperature = 0.5f, TopP = 0.9f, TopK = 20, Seed = 7, MaxOutputTokens = 4, StopSequences = [" 3"], FrequencyPenalty = 0.1f, PresencePenalty = 0.1f });

        response.Text.Should().Be(" 1 2");
        response.FinishReason.Should().Be(ChatFinishReason.Stop);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_client_that_cancels_frees_the_NPU(string way)
    {
        using IChatClient client = ClientNode.Chat(fixture.Node, way);
        using CancellationTokenSource cancel = new();

        try
        {
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("!sleep 50 2000", cancellationToken: cancel.Token))
                await cancel.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // OllamaSharp throws no exception when it is cancelled; the OpenAI client does.
        }

        await ClientNode.BecomesIdleAsync(fixture.Node);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_broken_stream_is_an_error(string way)
    {
        using IChatClient client = ClientNode.Chat(fixture.Node, way);

        Func<Task> read = () => client.GetStreamingResponseAsync("!fault error_state:3").ToChatResponseAsync();

        await read.Should().ThrowAsync<Exception>();
    }

    [Fact]
    public async Task Embeddings_are_the_same_on_both_APIs()
    {
        using IEmbeddingGenerator<string, Embedding<float>> openAi = ClientNode.OpenAi(fixture.Node).GetEmbeddingClient(ClientNode.EmbeddingModel).AsIEmbeddingGenerator();
        using IEmbeddingGenerator<string, Embedding<float>> ollama = ClientNode.Ollama(fixture.Node, ClientNode.EmbeddingModel);

        GeneratedEmbeddings<Embedding<float>> one = await openAi.GenerateAsync(["one text", "another"]);
        GeneratedEmbeddings<Embedding<float>> other = await ollama.GenerateAsync(["one text", "another"]);

        one.Should().HaveCount(2);
        one[0].Vector.ToArray().Should().HaveCount(128).And.Equal(other[0].Vector.ToArray());
        one[1].Vector.ToArray().Should().Equal(other[1].Vector.ToArray());
    }
}
