using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Http;

/// <summary>Keep-alives of answers that send no text for a long time.</summary>
public sealed class KeepAliveTests : IDisposable
{
    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    private Task<TestServer> StartAsync(TimeSpan? queueTime = null) => TestServer.StartAsync(_held.Engine, options => options with
    {
        StreamKeepAliveInterval = TimeSpan.FromMilliseconds(30),
        PaddingDelay = TimeSpan.FromMilliseconds(60),
        MaxQueueWait = queueTime ?? options.MaxQueueWait,
    });

    [Fact]
    public async Task A_silent_stream_has_empty_lines_of_the_usual_shape()
    {
        await using TestServer server = await StartAsync();
        await server.LoadAsync();
        using HttpResponseMessage response = await StreamAsync(server);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        FakeRun run = await _held.NextAsync();

        JsonElement[] silent = [await LineAsync(reader), await LineAsync(reader)];
        await run.SendAsync("word");
        JsonElement word = await LineAsync(reader);
        while (Content(word) is "")
            word = await LineAsync(reader);
        JsonElement between = await LineAsync(reader);
        run.End(RunEndReason.Stop);
        JsonElement last = await LineAsync(reader);
        while (last.GetProperty("choices")[0].GetProperty("finish_reason").ValueKind == JsonValueKind.Null)
            last = await LineAsync(reader);

        silent.Should().AllSatisfy(line =>
        {
            Content(line).Should().BeEmpty();
            line.GetProperty("usage").GetProperty("prompt_tokens").GetInt32().Should().BePositive();
        });
        Content(word).Should().Be("word");
        Content(between).Should().BeEmpty();
        last.GetProperty("choices")[0].GetProperty("finish_reason").GetString().Should().Be("stop");
        response.Headers.GetValues("X-Accel-Buffering").Should().Equal("no");
    }

    [Fact]
    public async Task A_keep_alive_line_in_the_middle_of_a_stream_repeats_the_usage_of_the_last_token()
    {
        await using TestServer server = await StartAsync();
        await server.LoadAsync();
        using HttpResponseMessage response = await StreamAsync(server);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("one");
        await run.SendAsync(" two");

        JsonElement last = await LineAsync(reader);
        while (Content(last) is not " two")
            last = await LineAsync(reader);
        JsonElement keepAlive = await LineAsync(reader);
        run.End(RunEndReason.Stop);

        Content(keepAlive).Should().BeEmpty();
        keepAlive.GetProperty("usage").GetProperty("completion_tokens").GetInt32().Should().Be(2);
        keepAlive.GetProperty("usage").GetProperty("tokens_per_second").GetDouble().Should().BePositive();
        keepAlive.GetProperty("usage").GetRawText().Should().Be(last.GetProperty("usage").GetRawText());
    }

    [Fact]
    public async Task An_answer_in_one_piece_begins_with_white_space()
    {
        await using TestServer server = await StartAsync();
        await server.LoadAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(Hello) };
        using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        FakeRun run = await _held.NextAsync();

        await using Stream stream = await response.Content.ReadAsStreamAsync();
        byte[] padding = new byte[3];
        await stream.ReadExactlyAsync(padding);
        await run.SendAsync("late");
        run.End(RunEndReason.Stop);
        using StreamReader reader = new(stream);
        string rest = await reader.ReadToEndAsync();

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        padding.Should().Equal(" "u8[0], " "u8[0], " "u8[0]);
        Content(JsonDocument.Parse(rest).RootElement).Should().Be("late");
    }

    [Fact]
    public async Task A_failure_after_white_space_is_an_error_object_and_a_cut()
    {
        await using TestServer server = await StartAsync();
        await server.LoadAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(Hello) };
        using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        (await _held.NextAsync()).End(RunEndReason.Error, "boom");

        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        string? error = await reader.ReadLineAsync();
        Func<Task> rest = () => reader.ReadLineAsync();

        JsonDocument.Parse(error!).RootElement.GetProperty("error").GetString().Should().Contain("boom");
        await rest.Should().ThrowAsync<IOException>();
    }

    [Theory]
    [InlineData(Hello)]
    [InlineData(HelloStream)]
    public async Task A_queue_timeout_after_a_keep_alive_is_an_error_and_a_cut(string body)
    {
        await using TestServer server = await StartAsync(queueTime: TimeSpan.FromMilliseconds(400));
        await server.LoadAsync();
        Task<HttpResponseMessage> first = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();

        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(body) };
        using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        List<string> lines = [];
        Func<Task> read = async () =>
        {
            while (await reader.ReadLineAsync() is { } line)
                lines.Add(line);
        };

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        await read.Should().ThrowAsync<IOException>();
        JsonDocument.Parse(lines[^1]).RootElement.GetProperty("error").GetString().Should().Contain("waited");
        run.End(RunEndReason.Stop);
        (await first).Dispose();
        await _held.NextAnswerIsWholeAsync(server);
    }

    [Fact]
    public async Task A_queue_timeout_before_a_keep_alive_is_503()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine, options => options with { MaxQueueWait = TimeSpan.FromMilliseconds(50) });
        await server.LoadAsync();
        Task<HttpResponseMessage> first = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();

        using HttpResponseMessage late = await server.PostAsync("/generate", HelloStream);

        late.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        late.Headers.RetryAfter!.Delta!.Value.TotalSeconds.Should().BeInRange(1, 60);
        run.End(RunEndReason.Stop);
        (await first).Dispose();
    }

    [Fact]
    public async Task A_client_that_disconnects_from_a_silent_stream_aborts_its_run()
    {
        await using TestServer server = await StartAsync();
        await server.LoadAsync();
        HttpResponseMessage response = await StreamAsync(server);
        FakeRun run = await _held.NextAsync();

        response.Dispose();

        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled);
        await EventuallyAsync(() => !server.Services.GetRequiredService<RunQueue>().IsBusy);
        server.Log.Should().NotContain("   at ");
    }

    private static async Task<HttpResponseMessage> StreamAsync(TestServer server)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(HelloStream) };
        return await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static async Task<JsonElement> LineAsync(StreamReader reader) => JsonDocument.Parse((await reader.ReadLineAsync())!).RootElement;
}
