using System.Globalization;
using System.Text.Json;

namespace RkLlama.Soak.Residents;

/// <summary>A request for embeddings or for the judgement of documents, and the check of its answer.</summary>
/// <param name="Path">The path of the endpoint.</param>
/// <param name="Body">The body of the request.</param>
/// <param name="IsRight">Whether the answer is the only correct one.</param>
internal sealed record VectorQuestion(string Path, string Body, Func<JsonElement, bool> IsRight)
{
    private static readonly string[] Words = ["node", "board", "memory", "token", "queue", "server", "model", "driver", "vector", "rye"];

    /// <summary>Asks for the vectors of some texts. The vectors of the simulator depend on the text only.</summary>
    /// <param name="known">The vectors that were seen first, by their text. Must have an entry for each text.</param>
    internal static VectorQuestion Embed(Random random, IReadOnlyDictionary<string, string> known)
    {
        string[] texts = random.GetItems([.. known.Keys], random.Next(1, 5));
        return new("/v1/embeddings", EmbedBody(texts), answer => Vectors(answer).SequenceEqual(texts.Select(text => known[text])));
    }

    /// <summary>Asks for the judgement of documents that have all, the half, or none of the words of the query.</summary>
    internal static VectorQuestion Rerank(Random random)
    {
        string[] query = random.GetItems(Words, 2);
        (string Text, double Score)[] documents =
        [
            .. Enumerable.Range(0, random.Next(2, 6)).Select(index => random.Next(2) == 0 || query[0] == query[1]
                ? ($"document {index} about {query[0]} and {query[1]}", 0.978)
                : ($"document {index} about {query[0]} only", 0.5)),
            ("nothing of this", 0.022),
        ];
        random.Shuffle(documents);
        string texts = string.Join(',', documents.Select(static document => $"\"{document.Text}\""));
        return new(
            "/v1/rerank",
            $$"""{"model":"{{ResidentModel.Reranker.Name}}","query":"{{query[0]}} {{query[1]}}","documents":[{{texts}}]}""",
            answer => AreRight([.. answer.GetProperty("results").EnumerateArray()], [.. documents.Select(static document => document.Score)]));
    }

    /// <summary>The texts whose vectors are compared.</summary>
    internal static IEnumerable<string> Texts => Enumerable.Range(0, 40).Select(static number => $"text {number.ToString(CultureInfo.InvariantCulture)} about {Words[number % Words.Length]}");

    internal static string EmbedBody(IEnumerable<string> texts) =>
        $$"""{"model":"{{ResidentModel.Embedder.Name}}","encoding_format":"base64","input":[{{string.Join(',', texts.Select(static text => $"\"{text}\""))}}]}""";

    /// <summary>Returns the vectors of an answer in base64.</summary>
    internal static IEnumerable<string> Vectors(JsonElement answer) => answer.GetProperty("data").EnumerateArray().Select(static item => item.GetProperty("embedding").GetString()!);

    private static bool AreRight(JsonElement[] results, double[] scores)
    {
        double[] given = [.. results.Select(static result => result.GetProperty("relevance_score").GetDouble())];
        return results.Select(static result => result.GetProperty("index").GetInt32()).Order().SequenceEqual(Enumerable.Range(0, scores.Length))
            && given.SequenceEqual(given.OrderDescending())
            && results.All(result => Math.Abs(result.GetProperty("relevance_score").GetDouble() - scores[result.GetProperty("index").GetInt32()]) < 0.001);
    }

    /// <summary>Judges what a client received.</summary>
    internal Verdict Judge(Received received)
    {
        switch (received)
        {
            case { End: ExchangeEnd.Left }:
                return new(Outcome.Left);
            case { End: ExchangeEnd.Hung }:
                return Failed("not over in time", received);
            case { Status: >= 400, End: ExchangeEnd.Clean }:
                return Verdict.OfRefusal(received, Api.OpenAi, null);

            // An error after the start of the answer cuts the connection.
            case { Status: 200, End: ExchangeEnd.Cut }:
                return new(Outcome.Cut, "vectors-cut");
            case { Status: 200 }:
                break;
            default:
                return Failed("no answer", received);
        }

        try
        {
            using JsonDocument answer = JsonDocument.Parse(received.Text);
            return IsRight(answer.RootElement) ? new(Outcome.Complete) : Failed("a wrong answer", received);
        }
        catch (Exception ex) when (ex is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return Failed("an answer that is not complete", received);
        }
    }

    private Verdict Failed(string what, Received received) =>
        new(Outcome.Failure, $"{what}: status {received.Status}, {received.End}, got '{Start(received.Text)}', asked {Start(Body)}");

    private static string Start(string text) => text.Length <= 600 ? text : $"{text[..600]} …";
}
