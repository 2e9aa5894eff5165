using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Common;

/// <summary>Requests with many texts, on both APIs.</summary>
public sealed class EmbeddingBatchTests : IAsyncDisposable
{
    private const int Dimensions = 1024;

    private readonly FakeEngine _engine = new();
    private TestServer? _server;
    private int _runs;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("/v1/embeddings", "data")]
    [InlineData("/api/embed", "embeddings")]
    public async Task A_large_answer_is_streamed_and_complete(string path, string field)
    {
        using HttpResponseMessage response = await AskAsync(path, 200);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Headers.TransferEncodingChunked.Should().BeTrue("the answer starts before it is complete");
        JsonElement answer = await TestServer.JsonAsync(response);
        List<float> first = [.. answer.GetProperty(field).EnumerateArray().Select(item => (field == "data" ? item.GetProperty("embedding") : item)[0].GetSingle())];
        first.Should().Equal(Enumerable.Range(0, 200).Select(static i => i / 7f));
        (field == "data" ? answer.GetProperty("usage").GetProperty("prompt_tokens") : answer.GetProperty("prompt_eval_count")).GetInt32().Should().Be(200);
    }

    [Theory]
    [InlineData("/v1/embeddings")]
    [InlineData("/api/embed")]
    public async Task A_small_answer_has_its_length(string path)
    {
        using HttpResponseMessage response = await AskAsync(path, 3);

        (response.StatusCode, response.Headers.TransferEncodingChunked).Should().Be((HttpStatusCode.OK, null));
    }

    [Theory]
    [InlineData("/v1/embeddings")]
    [InlineData("/api/embed")]
    public async Task More_than_2048_texts_are_refused(string path)
    {
        using HttpResponseMessage response = await AskAsync(path, 2049);

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).Should().Contain("input has 2049 texts; at most 2048");
        _runs.Should().Be(0);
    }

    [Theory]
    [InlineData("/v1/embeddings")]
    [InlineData("/api/embed")]
    public async Task A_failure_after_the_first_chunk_cuts_the_connection(string path)
    {
        Func<Task> ask = async () =>
        {
            using HttpResponseMessage response = await AskAsync(path, 200, failsAt: 150);
            await response.Content.ReadAsStringAsync();
        };

        await ask.Should().ThrowAsync<HttpRequestException>();
        _server!.Log.Should().NotContain("Fault");
    }

    private async Task<HttpResponseMessage> AskAsync(string path, int texts, int failsAt = -1)
    {
        _engine.Run = run =>
        {
            int number = _runs++;
            if (number == failsAt)
                run.End(RunEndReason.Error, "the NPU hung");
            else
                run.Engine.Complete(new(RunEndReason.Stop, 0, null, null), [.. Enumerable.Repeat(number / 7f, Dimensions)]);
            return Task.CompletedTask;
        };
        _server = await TestServer.StartAsync(_engine);
        await _server.LoadAsync();
        return await _server.PostAsync(path, $$"""{"model":"m","input":[{{string.Join(',', Enumerable.Repeat("\"a\"", texts))}}]}""");
    }
}
