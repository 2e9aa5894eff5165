using System.ClientModel;
using System.Text;
using System.Text.Json;
using OpenAI.Chat;

namespace RkLlama.Clients.Tests;

/// <summary>Chat completions with the OpenAI client for .NET.</summary>
public sealed class OpenAiChatTests(ClientNode fixture) : IClassFixture<ClientNode>
{
    private readonly ChatClient _client = ClientNode.OpenAi(fixture.Node).GetChatClient(ClientNode.Model);

    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool(
        "get_weather", "The weather in a city.", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""));

    [Fact]
    public async Task A_chat_in_one_piece()
    {
        ChatCompletion answer = await _client.CompleteChatAsync("What is the capital of France?");

        answer.Content.Single().Text.Should().Be("The capital of France is Paris.");
        answer.FinishReason.Should().Be(ChatFinishReason.Stop);
        answer.Role.Should().Be(ChatMessageRole.Assistant);
        answer.Model.Should().Be(ClientNode.Model);
        answer.Id.Should().StartWith("chatcmpl-");
        answer.CreatedAt.Should().BeCloseTo(DateTimeOffset.UtcNow, TimeSpan.FromHours(1));
        answer.Usage.OutputTokenCount.Should().Be(7);
        answer.Usage.TotalTokenCount.Should().Be(answer.Usage.InputTokenCount + 7);
    }

    [Fact]
    public async Task A_stream_has_the_text_in_parts_then_the_reason_then_the_usage()
    {
        List<StreamingChatCompletionUpdate> updates = await ReadAsync(_client.CompleteChatStreamingAsync("What is the capital of France?"));

        TextOf(updates).Should().Be("The capital of France is Paris.");
        updates.Count(update => update.ContentUpdate.Count > 0 && update.ContentUpdate[0].Text.Length > 0).Should().Be(7);
        updates[0].Role.Should().Be(ChatMessageRole.Assistant);
        updates.Select(update => update.CompletionId).Distinct().Should().ContainSingle();
        updates.Single(update => update.FinishReason is not null).FinishReason.Should().Be(ChatFinishReason.Stop);
        updates[^1].Usage.OutputTokenCount.Should().Be(7);
    }

    [Fact]
    public async Task A_token_limit_and_a_stop_sequence_end_the_answer()
    {
        ChatCompletion bounded = await _client.CompleteChatAsync([new UserChatMessage("!count 10")], new() { MaxOutputTokenCount = 3 });
        ChatCompletion stopped = await _client.CompleteChatAsync([new UserChatMessage("!echo one two three")], new() { StopSequences = { "two" } });

        (bounded.Content[0].Text, bounded.FinishReason).Should().Be((" 1 2 3", ChatFinishReason.Length));
        (stopped.Content[0].Text, stopped.FinishReason).Should().Be(("one ", ChatFinishReason.Stop));
    }

    [Fact]
    public async Task A_tool_is_called_and_its_result_is_used()
    {
        ChatCompletionOptions options = new() { Tools = { Weather } };
        List<ChatMessage> messages = [new UserChatMessage("""!tool get_weather {"city":"Paris"}""")];

        ChatCompletion asked = await _client.CompleteChatAsync(messages, options);
        ChatToolCall call = asked.ToolCalls.Single();
        messages.Add(new AssistantChatMessage(asked));
        messages.Add(new ToolChatMessage(call.Id, "sunny"));
        ChatCompletion answer = await _client.CompleteChatAsync(messages, options);

        asked.FinishReason.Should().Be(ChatFinishReason.ToolCalls);
        asked.Content.Should().BeEmpty();
        (call.FunctionName, call.FunctionArguments.ToString()).Should().Be(("get_weather", """{"city":"Paris"}"""));
        answer.Content[0].Text.Should().Be("The function answered: sunny");
    }

    [Fact]
    public async Task A_tool_call_comes_in_a_stream_with_its_index_and_id()
    {
        List<StreamingChatCompletionUpdate> updates = await ReadAsync(
            _client.CompleteChatStreamingAsync([new UserChatMessage("""!tool get_weather {"city":"Paris"}""")], new ChatCompletionOptions { Tools = { Weather } }));

        StreamingChatToolCallUpdate[] calls = [.. updates.SelectMany(update => update.ToolCallUpdates)];
        calls[0].Index.Should().Be(0);
        calls[0].ToolCallId.Should().StartWith("call_");
        calls[0].FunctionName.Should().Be("get_weather");
        string.Concat(calls.Select(call => call.FunctionArgumentsUpdate)).Should().Be("""{"city":"Paris"}""");
        TextOf(updates).Should().BeEmpty();
        updates.Single(update => update.FinishReason is not null).FinishReason.Should().Be(ChatFinishReason.ToolCalls);
    }

    [Theory]
    [InlineData("""{"city":"Paris"}""", """{"city":"Paris"}""")]
    [InlineData("""Sure: {"city":"Paris"} I hope that helps.""", """{"city":"Paris"}""")]
    public async Task Structured_output_is_only_the_JSON(string said, string expected)
    {
        ChatResponseFormat schema = ChatResponseFormat.CreateJsonSchemaFormat(
            "city", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}"""), jsonSchemaIsStrict: true);

        ChatCompletion withSchema = await _client.CompleteChatAsync([new UserChatMessage("!echo " + said)], new() { ResponseFormat = schema });
        ChatCompletion anyObject = await _client.CompleteChatAsync([new UserChatMessage("!echo " + said)], new() { ResponseFormat = ChatResponseFormat.CreateJsonObjectFormat() });

        withSchema.Content[0].Text.Should().Be(expected);
        anyObject.Content[0].Text.Should().Be(expected);
    }

    [Fact]
    public async Task Reasoning_is_counted_and_kept_out_of_the_text()
    {
        ClientResult<ChatCompletion> result = await _client.CompleteChatAsync([new UserChatMessage("!think Paris.")], new() { ReasoningEffortLevel = ChatReasoningEffortLevel.Medium });

        result.Value.Content[0].Text.Should().Be("Paris.");
        result.Value.Usage.OutputTokenDetails.ReasoningTokenCount.Should().BePositive();
        JsonDocument.Parse(result.GetRawResponse().Content).RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("reasoning_content").GetString()
            .Should().Be("hm");
    }

    [Fact]
    public async Task A_client_that_cancels_frees_the_NPU()
    {
        using CancellationTokenSource cancel = new();
        Func<Task> read = async () =>
        {
            await foreach (StreamingChatCompletionUpdate update in _client.CompleteChatStreamingAsync([new UserChatMessage("!sleep 50 2000")], cancellationToken: cancel.Token))
                await cancel.CancelAsync();
        };

        await read.Should().ThrowAsync<OperationCanceledException>();

        await ClientNode.BecomesIdleAsync(fixture.Node);
        fixture.Node.Trace("rkllm_abort").Should().NotBeEmpty();
    }

    [Fact]
    public async Task A_broken_stream_is_an_error()
    {
        StringBuilder text = new();
        Func<Task> read = async () =>
        {
            await foreach (StreamingChatCompletionUpdate update in _client.CompleteChatStreamingAsync("!fault error_state:3"))
                text.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
        };

        await read.Should().ThrowAsync<Exception>();
        text.ToString().Should().Be(" 1 2 3");
    }

    private static async Task<List<StreamingChatCompletionUpdate>> ReadAsync(AsyncCollectionResult<StreamingChatCompletionUpdate> stream)
    {
        List<StreamingChatCompletionUpdate> updates = [];
        await foreach (StreamingChatCompletionUpdate update in stream)
            updates.Add(update);
        return updates;
    }

    private static string TextOf(IEnumerable<StreamingChatCompletionUpdate> updates) => string.Concat(updates.SelectMany(update => update.ContentUpdate).Select(part => part.Text));
}
