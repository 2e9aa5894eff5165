using System.Text;
using System.Text.Json;
using OllamaSharp;
using OllamaSharp.Models;
using OllamaSharp.Models.Chat;

namespace RkLlama.Clients.Tests;

/// <summary>Chat and generate with OllamaSharp.</summary>
public sealed class OllamaChatTests(ClientNode fixture) : IClassFixture<ClientNode>
{
    private readonly OllamaApiClient _client = ClientNode.Ollama(fixture.Node);

    private static readonly Tool Weather = new()
    {
        Function = new()
        {
            Name = "get_weather",
            Description = "The weather in a city.",
            Parameters = new() { Properties = new Dictionary<string, Property> { ["city"] = new() { Type = "string" } }, Required = ["city"] },
        },
    };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_chat_as_a_stream_and_in_one_piece(bool streams)
    {
        List<ChatResponseStream> lines = await ReadAsync(new() { Messages = [new(ChatRole.User, "What is the capital of France?")], Stream = streams });

        string.Concat(lines.Select(line => line.Message.Content)).Should().Be("The capital of France is Paris.");
        lines.Should().HaveCount(streams ? 8 : 1);
        lines.Should().OnlyContain(line => line.CreatedAt > DateTimeOffset.UtcNow.AddHours(-1));
        ChatDoneResponseStream end = lines[^1].Should().BeOfType<ChatDoneResponseStream>().Which;
        (end.Done, end.DoneReason, end.EvalCount).Should().Be((true, "stop", 7));
        end.PromptEvalCount.Should().BePositive();
        end.TotalDuration.Should().BePositive();
    }

    [Fact]
    public async Task A_conversation_remembers()
    {
        Chat chat = new(_client);

        string first = await chat.SendAsync("My name is Zoë.").StreamToEndAsync();
        string second = await chat.SendAsync("What is my name?").StreamToEndAsync();

        first.Should().Contain("Zoë");
        second.Should().Be("Your name is Zoë.");
    }

    [Fact]
    public async Task A_prompt_is_completed()
    {
        StringBuilder text = new();
        GenerateDoneResponseStream? end = null;
        await foreach (GenerateResponseStream? line in _client.GenerateAsync(new GenerateRequest { Prompt = "!count 3", Options = new() { NumPredict = 2 } }))
        {
            text.Append(line!.Response);
            end = line as GenerateDoneResponseStream;
        }

        text.ToString().Should().Be(" 1 2");
        end!.DoneReason.Should().Be("length");
    }

    [Fact]
    public async Task A_tool_is_called_and_its_result_is_used()
    {
        List<Message> messages = [new(ChatRole.User, """!tool get_weather {"city":"Paris"}""")];

        List<ChatResponseStream> asked = await ReadAsync(new() { Messages = messages, Tools = [Weather] });
        Message.ToolCall call = asked.SelectMany(line => line.Message.ToolCalls ?? []).Single();
        messages.Add(new(ChatRole.Assistant, "") { ToolCalls = [call] });
        messages.Add(new(ChatRole.Tool, "sunny") { ToolName = "get_weather" });
        List<ChatResponseStream> answer = await ReadAsync(new() { Messages = messages, Tools = [Weather] });

        call.Function!.Name.Should().Be("get_weather");
        call.Function.Arguments!["city"]!.ToString().Should().Be("Paris");
        asked[^1].Should().BeOfType<ChatDoneResponseStream>().Which.DoneReason.Should().Be("stop");
        string.Concat(answer.Select(line => line.Message.Content)).Should().Be("The function answered: sunny");
    }

    [Fact]
    public async Task Structured_output_is_only_the_JSON()
    {
        object schema = JsonElement.Parse("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""");

        foreach (object format in (object[])[schema, "json"])
        {
            List<ChatResponseStream> lines = await ReadAsync(new() { Messages = [new(ChatRole.User, """!echo Sure: {"city":"Paris"}""")], Format = format });
            string.Concat(lines.Select(line => line.Message.Content)).Should().Be("""{"city":"Paris"}""");
        }
    }

    [Fact]
    public async Task Reasoning_is_separate_from_the_text()
    {
        List<ChatResponseStream> lines = await ReadAsync(new() { Messages = [new(ChatRole.User, "!think Paris.")], Think = true });

        string.Concat(lines.Select(line => line.Message.Thinking)).Should().Be("hm");
        string.Concat(lines.Select(line => line.Message.Content)).Should().Be("Paris.");
    }

    [Fact]
    public async Task A_client_that_cancels_frees_the_NPU()
    {
        using CancellationTokenSource cancel = new();

        // When it is cancelled, this client ends the stream without an exception.
        await foreach (GenerateResponseStream? line in _client.GenerateAsync(new GenerateRequest { Prompt = "!sleep 50 2000" }, cancel.Token))
            await cancel.CancelAsync();

        await ClientNode.BecomesIdleAsync(fixture.Node);
        fixture.Node.Trace("rkllm_abort").Should().NotBeEmpty();
    }

    [Fact]
    public async Task A_broken_stream_is_an_error()
    {
        Func<Task> read = () => ReadAsync(new() { Messages = [new(ChatRole.User, "!fault error_state:3")] });

        await read.Should().ThrowAsync<Exception>();
    }

    private async Task<List<ChatResponseStream>> ReadAsync(ChatRequest request)
    {
        request.Model = ClientNode.Model;
        List<ChatResponseStream> lines = [];
        await foreach (ChatResponseStream? line in _client.ChatAsync(request))
            lines.Add(line!);
        return lines;
    }
}
