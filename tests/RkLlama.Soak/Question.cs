using System.Text;
using System.Text.Json;

namespace RkLlama.Soak;

/// <summary>A conversation and its only correct answer. No two clients expect the same answer, except for faults.</summary>
/// <param name="Messages">The messages as a JSON array.</param>
/// <param name="Expected">The complete answer.</param>
/// <param name="FinishReason">The expected finish reason.</param>
internal sealed record Question(string Messages, string Expected, string FinishReason = "stop")
{
    // The simulator's reply if a fault causes no error: a count to 20. No other question has this answer.
    private const int FaultCount = 20;

    // Counts of different clients differ, because they are congruent to the client's number modulo this.
    private const int CountStep = 64;

    private static readonly string[] Words = ["node", "queue", "Grüße", "漢字", "😀", "token", "\"quoted\"", "a\\b", "…", "<b>", "слово", "é"];

    /// <summary>Returns a random question: an echo of a marker, a count, or a conversation.</summary>
    /// <param name="client">The number of the client: below 64 and not 20.</param>
    /// <param name="marker">A text that is unique to this request.</param>
    internal static Question Any(Random random, int client, string marker) => random.Next(10) switch
    {
        < 5 => Echo(marker, random),
        < 8 => Count(client + (CountStep * random.Next(1, 6))),
        8 => Conversation(marker),
        _ => Paused(2, client + CountStep),
    };

    /// <summary>Asks for n numbers of one token each. The token limit of the model is 2048.</summary>
    internal static Question Count(int n) => User($"!count {n}", Numbers(n));

    /// <summary>Asks for a long answer, so that a slow reader fills all buffers between server and client.</summary>
    internal static Question Long(int client) => Count(client + (CountStep * 27));

    /// <summary>Asks for n numbers with a pause before each. The pause does not depend on the simulator's speed.</summary>
    internal static Question Paused(int pauseMs, int n) => User($"!sleep {pauseMs} {n}", Numbers(n));

    /// <summary>A prompt with a long prefill.</summary>
    internal static Question LongPrompt(string marker) => User(
        $"!echo {marker}", marker, ("user", string.Concat(Enumerable.Repeat($"This is said before {marker}. ", 60))), ("assistant", "Noted."));

    /// <summary>Causes a fault of the library. The request fails, or the answer is the same as without the fault.</summary>
    internal static Question Fault(string fault) => User($"!fault {fault}", Numbers(FaultCount));

    private static Question Echo(string marker, Random random)
    {
        StringBuilder text = new(marker);
        for (int i = random.Next(60); i > 0; i--)
            text.Append(' ').Append(Words[random.Next(Words.Length)]);
        return User($"!echo {text}", text.ToString());
    }

    private static Question Conversation(string marker) => User(
        "What is my name?", $"Your name is {marker}.", ("user", $"My name is {marker}."), ("assistant", $"Hello {marker}! Nice to meet you."));

    private static string Numbers(int n) => string.Concat(Enumerable.Range(1, n).Select(number => $" {number}"));

    private static Question User(string text, string expected, params (string Role, string Text)[] earlier) => new(
        $"[{string.Join(',', earlier.Append(("user", text)).Select(message => $$"""{"role":"{{message.Item1}}","content":"{{JsonEncodedText.Encode(message.Item2)}}"}"""))}]",
        expected);
}
