using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Node;

/// <summary>Reads <c>GET /node/events</c>.</summary>
internal sealed class EventStream : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;

    private EventStream(HttpResponseMessage response, Stream content) => (_response, _reader) = (response, new(content));

    public HttpResponseMessage Response => _response;

    /// <param name="client">The client that opens the stream; null for the one of the server.</param>
    public static async Task<EventStream> OpenAsync(TestServer server, HttpClient? client = null)
    {
        HttpResponseMessage response = await (client ?? server.Client).GetAsync(new Uri("/node/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        return new(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>Returns the data of the next event with this name.</summary>
    public async Task<JsonElement> NextAsync(string name)
    {
        using CancellationTokenSource timeout = new(Patience);
        while (true)
        {
            string line = await _reader.ReadLineAsync(timeout.Token) ?? throw new EndOfStreamException();
            if (line != $"event: {name}")
                continue;
            string data = (await _reader.ReadLineAsync(timeout.Token))!;
            return JsonDocument.Parse(data["data: ".Length..]).RootElement;
        }
    }

    /// <summary>Reads until the server ends the stream, and returns what has not been read before.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using CancellationTokenSource timeout = new(Patience);
        return await _reader.ReadToEndAsync(timeout.Token);
    }

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
    }
}
