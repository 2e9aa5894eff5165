using System.ClientModel;
using System.Runtime.InteropServices;
using OpenAI;
using OpenAI.Embeddings;
using OpenAI.Models;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Clients.Tests;

/// <summary>Models, embeddings and errors with the OpenAI client for .NET.</summary>
public sealed class OpenAiTests(ClientNode fixture) : IClassFixture<ClientNode>
{
    private readonly OpenAIClient _client = ClientNode.OpenAi(fixture.Node);

    [Fact]
    public async Task Models_are_listed_and_found_by_their_ids()
    {
        OpenAIModelCollection models = await _client.GetOpenAIModelClient().GetModelsAsync();
        OpenAIModel model = await _client.GetOpenAIModelClient().GetModelAsync("demo:latest");

        models.Select(one => one.Id).Should().Equal(ClientNode.Model, ClientNode.EmbeddingModel);
        model.Id.Should().Be(ClientNode.Model);
        model.OwnedBy.Should().Be("rkllm");
        model.CreatedAt.Should().BeAfter(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }

    [Fact]
    public async Task Embeddings_come_one_for_each_text_and_of_length_1()
    {
        EmbeddingClient client = _client.GetEmbeddingClient(ClientNode.EmbeddingModel);

        OpenAIEmbeddingCollection vectors = await client.GenerateEmbeddingsAsync(["one text", "another"]);
        OpenAIEmbedding one = await client.GenerateEmbeddingAsync("one text");
        OpenAIEmbedding shorter = await client.GenerateEmbeddingAsync("one text", new() { Dimensions = 16 });

        vectors.Select(vector => vector.Index).Should().Equal(0, 1);
        vectors[0].ToFloats().ToArray().Should().HaveCount(128).And.Equal(one.ToFloats().ToArray()).And.NotEqual(vectors[1].ToFloats().ToArray());
        Length(one).Should().BeApproximately(1, 1e-5);
        shorter.ToFloats().Length.Should().Be(16);
        Length(shorter).Should().BeApproximately(1, 1e-5);
        vectors.Usage.InputTokenCount.Should().BePositive();
    }

    [Fact]
    public async Task An_unknown_model_is_a_404_with_its_name()
    {
        Func<Task> ask = () => _client.GetChatClient("org/nothing:8b").CompleteChatAsync("x");
        Func<Task> look = () => _client.GetOpenAIModelClient().GetModelAsync("org/nothing:8b");

        (await ask.Should().ThrowAsync<ClientResultException>()).Which.Should().Match<ClientResultException>(
            error => error.Status == 404 && error.Message.Contains("model_not_found") && error.Message.Contains("org/nothing:8b"));
        (await look.Should().ThrowAsync<ClientResultException>()).Which.Should().Match<ClientResultException>(
            error => error.Status == 404 && error.Message.Contains("org/nothing:8b"));
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_is_a_400_with_its_code()
    {
        Func<Task> ask = () => _client.GetChatClient(ClientNode.Model).CompleteChatAsync(string.Concat(Enumerable.Repeat("word ", 5000)));

        (await ask.Should().ThrowAsync<ClientResultException>()).Which.Should().Match<ClientResultException>(
            error => error.Status == 400 && error.Message.Contains("context_length_exceeded"));
    }

    [Fact]
    public async Task A_failed_run_is_retried_by_the_client_and_then_is_a_500()
    {
        Counter counter = new();
        using HttpClient http = new(counter);

        Func<Task> ask = () => ClientNode.OpenAi(fixture.Node, http: http).GetChatClient(ClientNode.Model).CompleteChatAsync("!fault error_state:0");

        (await ask.Should().ThrowAsync<ClientResultException>()).Which.Status.Should().Be(500);
        counter.Statuses.Should().HaveCountGreaterThan(1).And.AllBeEquivalentTo(500);
    }

    [Fact]
    public async Task A_wrong_key_is_a_401_and_the_right_one_is_accepted()
    {
        await using Node node = await ClientNode.StartAsync("--api-key", "secret");

        Func<Task> ask = () => ClientNode.OpenAi(node, "wrong").GetOpenAIModelClient().GetModelsAsync();
        OpenAIModelCollection models = await ClientNode.OpenAi(node, "secret").GetOpenAIModelClient().GetModelsAsync();

        (await ask.Should().ThrowAsync<ClientResultException>()).Which.Should().Match<ClientResultException>(
            error => error.Status == 401 && error.Message.Contains("invalid_api_key"));
        models.Should().HaveCount(2);
    }

    [Fact]
    public async Task If_the_queue_is_full_the_client_retries_after_the_time_in_retry_after()
    {
        await using Node node = await ClientNode.StartAsync("--queue", "0");
        Counter counter = new();
        using HttpClient http = new(counter);
        HttpResponseMessage running = await node.Client.SendAsync(
            new(HttpMethod.Post, "/api/generate") { Content = new StringContent("""{"model":"demo","prompt":"!sleep 50 2000"}""") }, HttpCompletionOption.ResponseHeadersRead);
        counter.OnFirst = running.Dispose;

        OpenAI.Chat.ChatCompletion answer = await ClientNode.OpenAi(node, http: http).GetChatClient(ClientNode.Model).CompleteChatAsync("!echo let in");

        answer.Content[0].Text.Should().Be("let in");
        counter.Statuses[0].Should().Be(503);
        counter.RetryAfter.Should().BeGreaterThan(TimeSpan.Zero).And.BeLessThanOrEqualTo(TimeSpan.FromSeconds(60));
        counter.FirstPause.Should().BeGreaterThanOrEqualTo(counter.RetryAfter!.Value - TimeSpan.FromMilliseconds(50), "the client waits as long as Retry-After says");
    }

    private static double Length(OpenAIEmbedding vector)
    {
        double sum = 0;
        foreach (float value in MemoryMarshal.ToEnumerable(vector.ToFloats()))
            sum += (double)value * value;
        return Math.Sqrt(sum);
    }

    /// <summary>Records the statuses of all responses, and the time between the first two requests. For one request at a time.</summary>
    private sealed class Counter() : DelegatingHandler(new SocketsHttpHandler())
    {
        private long _firstEnded;

        internal List<int> Statuses { get; } = [];

        internal TimeSpan? RetryAfter { get; private set; }

        internal TimeSpan FirstPause { get; private set; }

        internal Action? OnFirst { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Statuses.Count == 1)
                FirstPause = System.Diagnostics.Stopwatch.GetElapsedTime(_firstEnded);
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            Statuses.Add((int)response.StatusCode);
            if (Statuses.Count == 1)
            {
                RetryAfter = response.Headers.RetryAfter?.Delta;
                OnFirst?.Invoke();
                _firstEnded = System.Diagnostics.Stopwatch.GetTimestamp();
            }

            return response;
        }
    }
}
