using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.OpenAi;

/// <summary>Conversations and stored chat completions.</summary>
public sealed class ConversationsTests
{
    [Fact]
    public async Task A_conversation_grows_with_its_responses()
    {
        List<string> prompts = [];
        await using StoringServer node = await StoringServer.StartAsync(new FakeEngine
        {
            Run = async run =>
            {
                prompts.Add(run.Prompt);
                await run.SendAsync("Yes");
                run.End(RunEndReason.Stop);
            },
        });
        (_, JsonElement created) = await node.PostAsync("/v1/conversations", """{"items":[{"role":"user","content":"One"}],"metadata":{"topic":"x"}}""");
        string id = created.GetProperty("id").GetString()!;

        (_, JsonElement first) = await node.PostAsync("/v1/responses", $$"""{"model":"m","input":"Two","conversation":"{{id}}"}""");
        await node.PostAsync("/v1/responses", $$"""{"model":"m","input":"Three","conversation":{"id":"{{id}}"},"store":false}""");
        (_, JsonElement items) = await node.GetAsync($"/v1/conversations/{id}/items?order=asc");

        first.GetProperty("conversation").GetProperty("id").GetString().Should().Be(id);
        prompts.Should().Equal("[user:One][user:Two]", "[user:One][user:Two][assistant:Yes][user:Three]");
        items.GetProperty("data").EnumerateArray().Select(static item => item.GetProperty("content")[0].GetProperty("text").GetString())
            .Should().Equal("One", "Two", "Yes", "Three", "Yes");
        created.GetProperty("metadata").GetProperty("topic").GetString().Should().Be("x");
    }

    [Fact]
    public async Task Items_are_added_read_and_deleted()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");
        (_, JsonElement created) = await node.PostAsync("/v1/conversations", "{}");
        string path = $"/v1/conversations/{created.GetProperty("id").GetString()}";

        (_, JsonElement added) = await node.PostAsync($"{path}/items", """{"items":[{"role":"user","content":"One"},{"type":"function_call_output","call_id":"c","output":"2"}]}""");
        string item = added.GetProperty("first_id").GetString()!;

        (await node.GetAsync($"{path}/items/{item}")).Body.GetProperty("id").GetString().Should().Be(item);
        (await node.SendAsync(HttpMethod.Delete, $"{path}/items/{item}")).Body.GetProperty("object").GetString().Should().Be("conversation");
        (await node.GetAsync($"{path}/items/{item}")).Status.Should().Be(HttpStatusCode.NotFound);
        (await node.GetAsync($"{path}/items")).Body.GetProperty("data").GetArrayLength().Should().Be(1);
        (await node.PostAsync(path, """{"metadata":{"a":"b"}}""")).Body.GetProperty("metadata").GetProperty("a").GetString().Should().Be("b");
        (await node.SendAsync(HttpMethod.Delete, path)).Body.GetProperty("object").GetString().Should().Be("conversation.deleted");
        (await node.GetAsync(path)).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("""{"items":"x"}""")]
    [InlineData("""{"items":[1]}""")]
    [InlineData("""{"metadata":[]}""")]
    public async Task A_wrong_conversation_is_refused(string body)
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");

        (await node.PostAsync("/v1/conversations", body)).Status.Should().Be(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_chat_completion_is_stored_if_the_request_asks_for_it()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes", ".");
        (_, JsonElement sent) = await node.PostAsync("/v1/chat/completions", Chat("""
            ,"store":true,"metadata":{"topic":"x"}
            """));
        await node.PostAsync("/v1/chat/completions", Chat(""));
        string path = $"/v1/chat/completions/{sent.GetProperty("id").GetString()}";

        (_, JsonElement read) = await node.GetAsync(path);
        (_, JsonElement list) = await node.GetAsync("/v1/chat/completions");
        (_, JsonElement messages) = await node.GetAsync($"{path}/messages");

        read.GetProperty("choices").GetRawText().Should().Be(sent.GetProperty("choices").GetRawText());
        read.GetProperty("metadata").GetProperty("topic").GetString().Should().Be("x");
        list.GetProperty("data").GetArrayLength().Should().Be(1);
        messages.GetProperty("data")[0].GetProperty("content").GetString().Should().Be("Hi");
    }

    [Fact]
    public async Task A_streamed_chat_completion_is_stored_like_one_that_is_not_streamed()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes", ".");

        using HttpResponseMessage response = await node.OpenAsync(HttpMethod.Post, "/v1/chat/completions", Chat(""","store":true,"stream":true"""));
        await response.Content.ReadAsStringAsync();

        (_, JsonElement list) = await node.GetAsync("/v1/chat/completions");
        list.GetProperty("data")[0].GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString().Should().Be("Yes.");
    }

    [Fact]
    public async Task Stored_chat_completions_are_filtered_changed_and_deleted()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");
        (_, JsonElement first) = await node.PostAsync("/v1/chat/completions", Chat(""","store":true,"metadata":{"n":"1"}"""));
        await node.PostAsync("/v1/chat/completions", Chat(""","store":true,"metadata":{"n":"2"}"""));
        string path = $"/v1/chat/completions/{first.GetProperty("id").GetString()}";

        (await CountAsync("?metadata[n]=1")).Should().Be(1);
        (await CountAsync("?metadata[n]=3")).Should().Be(0);
        (await CountAsync("?model=m")).Should().Be(2);
        (await CountAsync("?model=other")).Should().Be(0);
        (await CountAsync("?limit=1")).Should().Be(1);
        (await node.PostAsync(path, """{"metadata":{"n":"3"}}""")).Body.GetProperty("metadata").GetProperty("n").GetString().Should().Be("3");
        (await CountAsync("?metadata[n]=3")).Should().Be(1);
        (await node.SendAsync(HttpMethod.Delete, path)).Body.GetProperty("object").GetString().Should().Be("chat.completion.deleted");
        (await CountAsync("")).Should().Be(1);
        (await node.SendAsync(HttpMethod.Get, "/v1/chat/completions", key: "other")).Body.GetProperty("data").GetArrayLength().Should().Be(0);

        async Task<int> CountAsync(string query) => (await node.GetAsync("/v1/chat/completions" + query)).Body.GetProperty("data").GetArrayLength();
    }

    private static string Chat(string more) => $$"""{"model":"m","messages":[{"role":"user","content":"Hi"}]{{more}}}""";
}
