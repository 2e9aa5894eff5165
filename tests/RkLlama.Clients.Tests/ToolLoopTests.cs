using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using OllamaSharp;
using OllamaSharp.Models.Chat;
using OpenAI.Chat;
using OpenAI.Responses;
using RkLlama.EndToEnd.Tests.Support;
using AssistantChatMessage = OpenAI.Chat.AssistantChatMessage;
using ChatMessage = OpenAI.Chat.ChatMessage;

namespace RkLlama.Clients.Tests;

/// <summary>
/// Tool loops: a question, the call of a tool, its result and the answer, with every client, against models of several template families. The clients send
/// their own message objects back unchanged.
/// </summary>
public sealed class ToolLoopTests(ToolLoopTests.Fixture fixture) : IClassFixture<ToolLoopTests.Fixture>
{
    private const string Question = "What is the weather in Oslo?";
    private const string Name = "get_weather";
    private const string Description = "The weather of a city.";
    private const string Result = "4 degrees and rain";

    private static readonly BinaryData _parameters = BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""");

    /// <summary>Runs one loop and returns the answer.</summary>
    /// <param name="weather">Returns the weather of a city.</param>
    private delegate Task<string> Loop(Node node, string model, bool streams, Func<string, string> weather);

    private static readonly Dictionary<string, Loop> _clients = new()
    {
        ["OpenAI chat"] = OpenAiChatAsync,
        ["OpenAI responses"] = OpenAiResponsesAsync,
        ["OllamaSharp"] = OllamaSharpAsync,
        ["Microsoft.Extensions.AI on OpenAI"] = (node, model, streams, weather) =>
            ExtensionsAiAsync(ClientNode.OpenAi(node).GetChatClient(model).AsIChatClient(), streams, weather),
        ["Microsoft.Extensions.AI on Ollama"] = (node, model, streams, weather) => ExtensionsAiAsync(ClientNode.Ollama(node, model), streams, weather),
    };

    public static TheoryData<string, string, bool> Loops()
    {
        TheoryData<string, string, bool> loops = [];
        foreach (string client in _clients.Keys)
        {
            foreach (ToolFamily family in ToolFamily.All)
            {
                loops.Add(client, family.Name, false);
                loops.Add(client, family.Name, true);
            }
        }

        return loops;
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task The_model_calls_a_tool_and_answers_its_result(string client, string model, bool streams)
    {
        ToolFamily family = ToolFamily.All.Single(one => one.Name == model);
        List<string> asked = [];
        int before = fixture.Node.Trace("prompt").Count;

        string answer = await _clients[client](fixture.Node, model, streams, city =>
        {
            asked.Add(city);
            return Result;
        });

        string[] prompts = [.. fixture.Node.Trace("prompt").Skip(before).Select(family.Decode)];
        asked.Should().Equal("Oslo");
        answer.Should().Be("It has 4 degrees in Oslo.");
        prompts.Should().HaveCount(2);
        prompts[0].Should().Contain(Name);
        prompts[1].Should().MatchRegex(InOrder([Question, .. family.History, Result]));
    }

    private static async Task<string> OpenAiChatAsync(Node node, string model, bool streams, Func<string, string> weather)
    {
        ChatClient client = ClientNode.OpenAi(node).GetChatClient(model);
        ChatCompletionOptions options = new() { Tools = { ChatTool.CreateFunctionTool(Name, Description, _parameters) } };
        List<ChatMessage> messages = [new UserChatMessage(Question)];

        AssistantChatMessage first = await AskAsync();
        messages.Add(first);
        messages.AddRange(first.ToolCalls.Select(call => new ToolChatMessage(call.Id, weather(CityOf(call.FunctionArguments)))));
        return (await AskAsync()).Content.Single().Text;

        async Task<AssistantChatMessage> AskAsync()
        {
            if (!streams)
                return new(await client.CompleteChatAsync(messages, options));

            string text = "";
            Dictionary<int, (string Id, string Name, string Arguments)> calls = [];
            await foreach (StreamingChatCompletionUpdate update in client.CompleteChatStreamingAsync(messages, options))
            {
                text += string.Concat(update.ContentUpdate.Select(part => part.Text));
                foreach (StreamingChatToolCallUpdate call in update.ToolCallUpdates)
                {
                    (string id, string name, string arguments) = calls.GetValueOrDefault(call.Index);
                    calls[call.Index] = (call.ToolCallId ?? id, call.FunctionName ?? name, arguments + call.FunctionArgumentsUpdate);
                }
            }

            return calls.Count == 0
                ? new(text)
                : new(calls.Values.Select(call => ChatToolCall.CreateFunctionToolCall(call.Id, call.Name, BinaryData.FromString(call.Arguments))));
        }
    }

    private static async Task<string> OpenAiResponsesAsync(Node node, string model, bool streams, Func<string, string> weather)
    {
        ResponsesClient client = ClientNode.OpenAi(node).GetResponsesClient();
        CreateResponseOptions options = new()
        {
            Model = model,
            StreamingEnabled = streams,
            InputItems = { ResponseItem.CreateUserMessageItem(Question) },
            Tools = { ResponseTool.CreateFunctionTool(Name, _parameters, strictModeEnabled: false, Description) },
        };

        ResponseResult first = await AskAsync();
        foreach (ResponseItem item in first.OutputItems)
            options.InputItems.Add(item);
        foreach (FunctionCallResponseItem call in first.OutputItems.OfType<FunctionCallResponseItem>())
            options.InputItems.Add(ResponseItem.CreateFunctionCallOutputItem(call.CallId, weather(CityOf(call.FunctionArguments))));
        return (await AskAsync()).GetOutputText();

        async Task<ResponseResult> AskAsync()
        {
            if (!streams)
                return await client.CreateResponseAsync(options);

            StreamingResponseUpdate? last = null;
            await foreach (StreamingResponseUpdate update in await client.CreateResponseStreamingAsync(options))
                last = update;
            return last.Should().BeOfType<StreamingResponseCompletedUpdate>().Which.Response;
        }
    }

    private static async Task<string> OllamaSharpAsync(Node node, string model, bool streams, Func<string, string> weather)
    {
        using OllamaApiClient client = ClientNode.Ollama(node, model);
        Dictionary<string, Property> properties = new() { ["city"] = new() { Type = "string" } };
        Tool tool = new() { Function = new() { Name = Name, Description = Description, Parameters = new() { Properties = properties, Required = ["city"] } } };
        List<Message> messages = [new(OllamaSharp.Models.Chat.ChatRole.User, Question)];

        Message first = await AskAsync();
        messages.Add(first);
        messages.AddRange(first.ToolCalls!.Select(call =>
            new Message(OllamaSharp.Models.Chat.ChatRole.Tool, weather(call.Function!.Arguments!["city"]!.ToString()!)) { ToolName = call.Function.Name }));
        return (await AskAsync()).Content!;

        async Task<Message> AskAsync()
        {
            MessageBuilder message = new();
            await foreach (ChatResponseStream? line in client.ChatAsync(new() { Messages = messages, Tools = [tool], Stream = streams }))
                message.Append(line);
            return message.ToMessage();
        }
    }

    private static async Task<string> ExtensionsAiAsync(IChatClient model, bool streams, Func<string, string> weather)
    {
        using IChatClient client = model.AsBuilder().UseFunctionInvocation().Build();
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create((string city) => weather(city), Name, Description)] };

        ChatResponse response = streams
            ? await client.GetStreamingResponseAsync(Question, options).ToChatResponseAsync()
            : await client.GetResponseAsync(Question, options);
        return response.Messages[^1].Text;
    }

    // Some clients send the arguments of the call with line breaks.
    private static string InOrder(IEnumerable<string> texts) =>
        "(?s)" + string.Join(".*", texts.Select(text => string.Join(@"\s*", text.Where(letter => !char.IsWhiteSpace(letter)).Select(letter => Regex.Escape(letter.ToString())))));

    private static string CityOf(BinaryData arguments) => JsonElement.Parse(arguments.ToMemory().Span).GetProperty("city").GetString()!;

    /// <summary>A server with a model for each family.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        internal Node Node { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Node = await ClientNode.StartAsync();
            foreach (ToolFamily family in ToolFamily.All)
                family.AddTo(Node);
        }

        public async Task DisposeAsync() => await Node.DisposeAsync();
    }
}
