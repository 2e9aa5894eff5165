using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>
/// Two conversations at once, and background requests, with the published executable. The first message of a conversation has about 400 tokens, so its prefill
/// takes more than a second at the pace of a board.
/// </summary>
public sealed class SharedCacheTests
{
    private const int Turns = 6;

    [Fact]
    public async Task With_two_slots_two_conversations_at_once_prefill_no_more_than_one_after_the_other()
    {
        await using Node node = await StartAsync(speed: 10, "--slots", "2");

        (int together, int apart) = (await PrefilledAsync(node, "b", "c"), await PrefilledAsync(node, "d") + await PrefilledAsync(node, "e"));

        ((double)together / apart).Should().BeLessThan(1.05);
        node.Workers().Should().HaveCount(2);
    }

    [Fact]
    public async Task With_one_slot_the_next_turn_of_a_conversation_goes_first()
    {
        // More than the default, because this client may be slow on a busy machine.
        await using Node node = await StartAsync(speed: 1, "--follow-up", "2");

        (int together, int apart) = (await PrefilledAsync(node, "b", "c"), await PrefilledAsync(node, "d") + await PrefilledAsync(node, "e"));

        ((double)together / apart).Should().BeLessThan(1.5);
        node.Workers().Should().ContainSingle();
    }

    [Fact]
    public async Task A_background_answer_gives_way_and_is_complete_in_the_end()
    {
        await using Node node = await StartAsync(speed: 1);
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions") { Content = Body([new("user", "!count 40")], maxTokens: 1000) };
        request.Headers.Add("X-RkLlama-Priority", "background");
        Task<HttpResponseMessage> background = node.Client.SendAsync(request);
        await node.EventuallyAsync(() => node.Trace("rkllm_run").Count > 0, "the background answer should run");

        long start = Stopwatch.GetTimestamp();
        JsonElement person = await AskAsync(node, [new("user", "!echo x")]);
        TimeSpan waited = Stopwatch.GetElapsedTime(start);

        Content(person).Should().Be("x");
        using HttpResponseMessage response = await background;
        JsonElement answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Content(answer).Trim().Should().Be(string.Join(' ', Enumerable.Range(1, 40)));
        answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32().Should().Be(40);
        waited.Should().BeLessThan(TimeSpan.FromMilliseconds(40 * 59.9), "the background answer takes longer");
        (await node.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Should().Contain("rkllama_aborts_total{cause=\"gives_way\"} 1");
    }

    [Fact]
    public async Task The_same_request_again_prefills_one_token()
    {
        await using Node node = await StartAsync(speed: 10);
        List<Message> messages = [new("user", string.Concat(Enumerable.Repeat("a ", 100)))];
        messages.Add(new("assistant", Content(await AskAsync(node, messages))));
        messages.Add(new("user", "!echo two words"));
        JsonElement first = await AskAsync(node, messages);

        JsonElement second = await AskAsync(node, messages);

        Content(second).Should().Be(Content(first)).And.Be("two words");
        JsonElement usage = second.GetProperty("usage");
        usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32().Should().Be(usage.GetProperty("prompt_tokens").GetInt32() - 1);
    }

    private static Task<Node> StartAsync(int speed, params string[] arguments) =>
        Node.StartAsync("1.2.3", ["--port", "0", "--models", Path.Combine(TestPaths.Root, "models"), "--preload", "demo", .. arguments], ("RKLLM_SIMULATOR_SPEED", $"{speed}"));

    /// <summary>Leads conversations at the same time and returns how many prompt tokens were prefilled.</summary>
    private static async Task<int> PrefilledAsync(Node node, params string[] names)
    {
        int[] prefilled = await Task.WhenAll(names.Select(name => TalkAsync(node, name)));
        return prefilled.Sum();
    }

    private static async Task<int> TalkAsync(Node node, string name)
    {
        List<Message> messages = [];
        int prefilled = 0;
        for (int turn = 1; turn <= Turns; turn++)
        {
            string text = string.Concat(Enumerable.Repeat($"{name}{turn} ", turn == 1 ? 130 : 12));
            messages.Add(new("user", text));
            JsonElement answer = await AskAsync(node, messages);
            messages.Add(new("assistant", Content(answer)));
            JsonElement usage = answer.GetProperty("usage");
            prefilled += usage.GetProperty("prompt_tokens").GetInt32() - usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();
        }

        return prefilled;
    }

    private static async Task<JsonElement> AskAsync(Node node, List<Message> messages)
    {
        using HttpResponseMessage response = await node.Client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), Body(messages, maxTokens: 6));
        string body = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.Should().BeTrue("{0}", body);
        return JsonDocument.Parse(body).RootElement;
    }

    private static StringContent Body(List<Message> messages, int maxTokens)
    {
        JsonObject body = new()
        {
            ["model"] = "demo",
            ["messages"] = new JsonArray([.. messages.Select(static message => new JsonObject { ["role"] = message.Role, ["content"] = message.Content })]),
            ["max_tokens"] = maxTokens,
        };
        return new(body.ToJsonString(), Encoding.UTF8, "application/json");
    }

    private static string Content(JsonElement answer) => answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;

    private sealed record Message(string Role, string Content);
}
