using System.Net;
using System.Text;
using System.Text.Json;

namespace RkLlama.Soak;

/// <summary>Requests whose answer outlives the connection: streams that are cut and continued, and responses in the background. None may be lost or mixed.</summary>
internal sealed class OutlivingRequests(Tally tally, CancellationToken stop)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    // A response in the background gives way to all other requests.
    private static readonly TimeSpan BackgroundPatience = TimeSpan.FromMinutes(5);

    /// <summary>Starts a stream, disconnects within it, and reads the rest.</summary>
    /// <param name="id">The id of the stream, which no other request has.</param>
    internal async Task<Verdict> ResumeAsync(HttpClient http, Random random, Question question, string id)
    {
        Api api = random.Next(2) == 0 ? Api.OpenAi : Api.Ollama;
        using HttpRequestMessage request = new(HttpMethod.Post, api.Path) { Content = Json(api.Body(question, stream: true, SoakServer.Models[0])) };
        request.Headers.Add("X-Conversation-Id", id);
        Received first = await Exchange.SendAsync(http, request, Manner.Patient with { LeaveAfterBytes = random.Next(1, 3000) }, stop).ConfigureAwait(false);
        Verdict verdict = first.End == ExchangeEnd.Left && first.Status == 200
            ? await ReadRestAsync(http, api, question, id, first).ConfigureAwait(false)
            : Verdict.Of(first, api, question, stream: true, isSlow: false);
        tally.Add(first, verdict);
        return verdict;
    }

    /// <summary>Sends a response in the background and asks for it until it has ended.</summary>
    internal async Task<Verdict> BackgroundAsync(HttpClient http, Question question)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/responses")
        {
            Content = Json($$"""{"model":"{{SoakServer.Models[0]}}","background":true,"input":{{question.Messages}}}"""),
        };
        Received queued = await Exchange.SendAsync(http, request, Manner.Patient, stop).ConfigureAwait(false);
        Verdict verdict = queued.Status == 200
            ? await PollAsync(http, question, queued).ConfigureAwait(false)
            : Verdict.Of(queued, Api.OpenAi, question, stream: false, isSlow: false);
        tally.Add(queued, verdict);
        return verdict;
    }

    /// <summary>Reads the rest of a stream, from the byte behind the last whole line on, because a character may be cut.</summary>
    private async Task<Verdict> ReadRestAsync(HttpClient http, Api api, Question question, string id, Received first)
    {
        string seen = first.Text[..(first.Text.LastIndexOf('\n') + 1)];
        using HttpRequestMessage resume = new(HttpMethod.Get, $"/v1/stream/{id}?from={Encoding.UTF8.GetByteCount(seen)}");
        Received rest = await Exchange.SendAsync(http, resume, Manner.Patient, stop).ConfigureAwait(false);
        return rest.Status == 200
            ? Verdict.Of(rest with { Text = seen + rest.Text }, api, question, stream: true, isSlow: false)
            : Verdict.Failed("a lost stream", rest, question);
    }

    private async Task<Verdict> PollAsync(HttpClient http, Question question, Received queued)
    {
        string id = Read(queued.Text).GetProperty("id").GetString()!;
        for (TimeSpan waited = TimeSpan.Zero; waited < BackgroundPatience; waited += PollInterval)
        {
            await Task.Delay(PollInterval, stop).ConfigureAwait(false);
            using HttpRequestMessage poll = new(HttpMethod.Get, $"/v1/responses/{id}");
            Received received = await Exchange.SendAsync(http, poll, Manner.Patient, stop).ConfigureAwait(false);
            if (received.Status != (int)HttpStatusCode.OK)
                return Verdict.Failed("a lost response", received, question);
            JsonElement response = Read(received.Text);
            switch (response.GetProperty("status").GetString())
            {
                case "queued" or "in_progress":
                    continue;
                case "failed":
                    return new(Outcome.Refused, $"background-{Verdict.CauseOf(response.GetProperty("error").GetProperty("message").GetString()!)}");
                case var status:
                    string text = string.Concat(response.GetProperty("output").EnumerateArray().Where(static item => item.GetProperty("type").GetString() == "message")
                        .SelectMany(static item => item.GetProperty("content").EnumerateArray()).Select(static part => part.GetProperty("text").GetString()));
                    return Verdict.OfAnswer(text, status == "completed" ? "stop" : "length", received, question);
            }
        }

        return Verdict.Failed("a response that does not end", queued, question);
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static JsonElement Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
