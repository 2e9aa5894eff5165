using System.Net.Http.Headers;
using System.Text;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Replay;

/// <summary>
/// Compares the responses of every endpoint and every kind of stream with the files in <c>transcripts</c>, byte by byte. Each file gets its own server
/// with the demo models. With <c>RKLLAMA_REWRITE_TRANSCRIPTS=1</c> the files are written instead; a person must then review the differences.
/// </summary>
public sealed class TranscriptTests
{
    // Headers that are not compared: they belong to the connection or differ between runs.
    private static readonly string[] Untold = ["Date", "Content-Length", "Transfer-Encoding", "X-Request-Id", "Request-Id", "X-RkLlama-Node"];

    private static readonly bool Rewrites = Environment.GetEnvironmentVariable("RKLLAMA_REWRITE_TRANSCRIPTS") == "1";

    private static readonly string Root = Path.Combine(TestPaths.Root, "tests", "RkLlama.EndToEnd.Tests", "transcripts");

    public static TheoryData<string> Files { get; } =
        new(Directory.EnumerateFiles(Root, "*.txt", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Root, path)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Responses_match_the_transcript(string file)
    {
        string path = Path.Combine(Root, file);
        Transcript transcript = Transcript.Read(path);
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", .. transcript.Options]);
        node.CopyDemo("demo");
        node.CopyDemo("demo-embedding");
        Normalizer normalizer = new((node.Models, "<models>"));

        using CancellationTokenSource leave = new(Node.Patience);
        using HttpResponseMessage? running = await BeginAsync(transcript.Meanwhile, node, leave.Token);
        List<Message> answers = [];
        foreach (Exchange exchange in transcript.Exchanges)
            answers.Add(await ExchangeAsync(node.Client, exchange.Sent, normalizer));

        string text = transcript.With(answers);
        if (Rewrites)
            await File.WriteAllTextAsync(path, text);
        else
            text.Should().Be(transcript.With(transcript.Exchanges.Select(exchange => exchange.Received)), "{0} has these responses", file);
    }

    private static async Task<HttpResponseMessage?> BeginAsync(Meanwhile meanwhile, Node node, CancellationToken cancellationToken)
    {
        if (meanwhile == Meanwhile.Nothing)
            return null;

        using HttpRequestMessage request = new(HttpMethod.Post, "/api/generate") { Content = new StringContent("""{"model":"demo","prompt":"!sleep 50 2000"}""") };
        request.Headers.Authorization = new("Bearer", "secret");
        HttpResponseMessage response = await node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (meanwhile == Meanwhile.TheServerStops)
        {
            node.Signal("TERM");
            await node.EventuallyAsync(
                () => node.GetJsonAsync("/ready").GetAwaiter().GetResult().Body.GetProperty("status").GetString() == "draining", "the server should stop");
        }

        return response;
    }

    private static async Task<Message> ExchangeAsync(HttpClient client, Message sent, Normalizer normalizer)
    {
        using HttpRequestMessage request = RequestOf(sent, normalizer);
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        (string body, bool isCut) = await ReadAsync(response);

        // With a simulator without delays, it varies which timings are known when the headers of a stream are sent. Only the first two are compared.
        bool isStream = response.Content.Headers.ContentType?.MediaType is "text/event-stream" or "application/x-ndjson";
        string[] headers = [.. response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .Where(header => !Untold.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
            .Select(header => normalizer.Apply($"{header.Key}: {string.Join(", ", header.Value)}"))
            .Select(header => isStream && header.StartsWith("Server-Timing", StringComparison.Ordinal) ? header.Split(", prefill")[0] : header)
            .Order(StringComparer.Ordinal)];
        bool endsInNewline = body.Length == 0 || body.EndsWith('\n');
        string[] lines = body.Length == 0 ? [] : normalizer.Apply(endsInNewline ? body[..^1] : body).Split('\n');
        return new(((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture), headers, lines) { EndsInNewline = endsInNewline, IsCut = isCut };
    }

    private static HttpRequestMessage RequestOf(Message sent, Normalizer normalizer)
    {
        string[] start = normalizer.Restore(sent.Start).Split(' ');
        HttpRequestMessage request = new(new(start[0]), new Uri(start[1], UriKind.Relative));
        if (sent.Body.Count > 0 || start[0] is "POST")
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(normalizer.Restore(Transcript.Expand(string.Join('\n', sent.Body)))));
            if (!sent.Headers.Any(static header => header.StartsWith("Content-Type", StringComparison.Ordinal)))
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        foreach (string[] header in sent.Headers.Select(header => header.Split(": ", 2)))
        {
            if (!request.Headers.TryAddWithoutValidation(header[0], header[1]))
                request.Content!.Headers.TryAddWithoutValidation(header[0], header[1]);
        }

        return request;
    }

    private static async Task<(string Body, bool IsCut)> ReadAsync(HttpResponseMessage response)
    {
        using MemoryStream received = new();
        bool isCut = false;
        try
        {
            await using Stream stream = await response.Content.ReadAsStreamAsync();
            await stream.CopyToAsync(received);
        }
        catch (Exception ex) when (ex is HttpIOException or IOException)
        {
            isCut = true;
        }

        return (Encoding.UTF8.GetString(received.ToArray()), isCut);
    }
}
