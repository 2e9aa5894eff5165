using System.Text;
using OpenAI.Responses;

namespace RkLlama.Clients.Tests;

/// <summary>Responses with the OpenAI client for .NET.</summary>
public sealed class OpenAiResponsesTests(ClientNode fixture) : IClassFixture<ClientNode>
{
    private readonly ResponsesClient _client = ClientNode.OpenAi(fixture.Node).GetResponsesClient();

    [Fact]
    public async Task A_response_in_one_piece()
    {
        ResponseResult response = await _client.CreateResponseAsync(ClientNode.Model, "What is the capital of France?");

        response.GetOutputText().Should().Be("The capital of France is Paris.");
        response.Status.Should().Be(ResponseStatus.Completed);
        response.Model.Should().Be(ClientNode.Model);
        response.Id.Should().StartWith("resp_");
        response.Usage.OutputTokenCount.Should().Be(7);
    }

    [Fact]
    public async Task A_stream_has_the_text_in_parts_and_ends_with_the_response()
    {
        List<StreamingResponseUpdate> updates = await ReadAsync("What is the capital of France?");

        string[] parts = [.. updates.OfType<StreamingResponseOutputTextDeltaUpdate>().Select(update => update.Delta)];
        string.Concat(parts).Should().Be("The capital of France is Paris.");
        parts.Should().HaveCount(7);
        updates[0].Should().BeOfType<StreamingResponseCreatedUpdate>();
        updates[^1].Should().BeOfType<StreamingResponseCompletedUpdate>().Which.Response.GetOutputText().Should().Be("The capital of France is Paris.");
        updates.Select(update => update.SequenceNumber).Should().Equal(Enumerable.Range(0, updates.Count));
    }

    [Fact]
    public async Task A_tool_is_called_and_its_result_is_used()
    {
        CreateResponseOptions options = new()
        {
            Model = ClientNode.Model,
            InputItems = { ResponseItem.CreateUserMessageItem("""!tool get_weather {"city":"Paris"}""") },
            Tools =
            {
                ResponseTool.CreateFunctionTool(
                    "get_weather", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""), strictModeEnabled: true),
            },
        };

        ResponseResult asked = await _client.CreateResponseAsync(options);
        FunctionCallResponseItem call = asked.OutputItems.OfType<FunctionCallResponseItem>().Single();
        options.InputItems.Add(call);
        options.InputItems.Add(ResponseItem.CreateFunctionCallOutputItem(call.CallId, "sunny"));
        ResponseResult answer = await _client.CreateResponseAsync(options);

        (call.FunctionName, call.FunctionArguments.ToString()).Should().Be(("get_weather", """{"city":"Paris"}"""));
        asked.GetOutputText().Should().BeNullOrEmpty();
        answer.GetOutputText().Should().Be("The function answered: sunny");
    }

    [Fact]
    public async Task Structured_output_is_only_the_JSON()
    {
        CreateResponseOptions options = new()
        {
            Model = ClientNode.Model,
            InputItems = { ResponseItem.CreateUserMessageItem("""!echo Sure: {"city":"Paris"}""") },
            TextOptions = new()
            {
                TextFormat = ResponseTextFormat.CreateJsonSchemaFormat(
                    "city", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""), jsonSchemaIsStrict: true),
            },
        };

        ResponseResult response = await _client.CreateResponseAsync(options);

        response.GetOutputText().Should().Be("""{"city":"Paris"}""");
    }

    [Fact]
    public async Task Reasoning_is_a_separate_item()
    {
        ResponseResult response = await _client.CreateResponseAsync(ClientNode.Model, "!think Paris.");

        response.OutputItems[0].Should().BeAssignableTo<ReasoningResponseItem>();
        response.GetOutputText().Should().Be("Paris.");
        response.Usage.OutputTokenDetails.ReasoningTokenCount.Should().BePositive();
    }

    [Fact]
    public async Task A_response_that_reaches_its_token_limit_is_incomplete()
    {
        ResponseResult response = await _client.CreateResponseAsync(
            new CreateResponseOptions { Model = ClientNode.Model, InputItems = { ResponseItem.CreateUserMessageItem("!count 9") }, MaxOutputTokenCount = 3 });

        response.Status.Should().Be(ResponseStatus.Incomplete);
        response.IncompleteStatusDetails.Reason.Should().Be(ResponseIncompleteStatusReason.MaxOutputTokens);
        response.GetOutputText().Should().Be(" 1 2 3");
    }

    [Fact]
    public async Task A_client_that_cancels_frees_the_NPU()
    {
        using CancellationTokenSource cancel = new();
        Func<Task> read = async () =>
        {
            await foreach (StreamingResponseUpdate update in await _client.CreateResponseStreamingAsync(ClientNode.Model, "!sleep 50 2000", cancellationToken: cancel.Token))
                await cancel.CancelAsync();
        };

        await read.Should().ThrowAsync<OperationCanceledException>();

        await ClientNode.BecomesIdleAsync(fixture.Node);
    }

    [Fact]
    public async Task A_broken_stream_is_an_error()
    {
        StringBuilder text = new();
        List<StreamingResponseUpdate> updates = [];
        Func<Task> read = async () =>
        {
            await foreach (StreamingResponseUpdate update in await _client.CreateResponseStreamingAsync(ClientNode.Model, "!fault error_state:3"))
                updates.Add(update);
        };

        await read.Should().ThrowAsync<Exception>();
        text.Append(string.Concat(updates.OfType<StreamingResponseOutputTextDeltaUpdate>().Select(update => update.Delta)));
        text.ToString().Should().Be(" 1 2 3");
        updates.Should().NotContain(update => update is StreamingResponseCompletedUpdate);
    }

    private async Task<List<StreamingResponseUpdate>> ReadAsync(string input)
    {
        List<StreamingResponseUpdate> updates = [];
        await foreach (StreamingResponseUpdate update in await _client.CreateResponseStreamingAsync(ClientNode.Model, input))
            updates.Add(update);
        return updates;
    }
}
