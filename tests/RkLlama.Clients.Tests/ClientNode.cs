using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OllamaSharp;
using OpenAI;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Clients.Tests;

/// <summary>A server with the demo models for the tests of one class, and clients that are configured as in their documentation.</summary>
public sealed class ClientNode : IAsyncLifetime
{
    internal const string Model = "demo";
    internal const string EmbeddingModel = "demo-embedding";

    internal Node Node { get; private set; } = null!;

    public async Task InitializeAsync() => Node = await StartAsync();

    public async Task DisposeAsync() => await Node.DisposeAsync();

    internal static async Task<Node> StartAsync(params string[] arguments)
    {
        Node node = await Node.StartAsync("1.2.3", ["--port", "0", .. arguments]);
        node.CopyDemo(Model);
        node.CopyDemo(EmbeddingModel);
        return node;
    }

    /// <param name="http">The client that sends the requests, if a test observes them.</param>
    internal static OpenAIClient OpenAi(Node node, string key = "unused", HttpClient? http = null)
    {
        OpenAIClientOptions options = new() { Endpoint = new(node.Address, "/v1") };
        if (http is not null)
            options.Transport = new HttpClientPipelineTransport(http);
        return new(new ApiKeyCredential(key), options);
    }

    internal static OllamaApiClient Ollama(Node node, string model = Model) => new(node.Address, model);

    /// <summary>
    /// Returns a client of Microsoft.Extensions.AI for one of the server's APIs. The responses API is not tested, because version 10.11.0 calls a
    /// method that OpenAI 2.15.0 no longer has.
    /// </summary>
    internal static IChatClient Chat(Node node, string way) => way switch
    {
        "openai" => OpenAi(node).GetChatClient(Model).AsIChatClient(),
        "ollama" => Ollama(node),
        _ => throw new ArgumentOutOfRangeException(nameof(way), way, null),
    };

    /// <summary>Waits until no request runs or waits.</summary>
    internal static async Task BecomesIdleAsync(Node node)
    {
        JsonElement queue = default;
        using CancellationTokenSource patience = new(Node.Patience);
        do
        {
            patience.IsCancellationRequested.Should().BeFalse("the NPU should be free: {0}\n{1}", queue, node.Log);
            queue = (await node.GetJsonAsync("/health")).Body.GetProperty("queue");
        }
        while (queue.GetProperty("running").GetInt32() + queue.GetProperty("waiting").GetInt32() > 0);
    }
}
