using System.Text;
using System.Text.Json;

namespace RkLlama.Soak;

/// <summary>Something to ask, with the only answer that is right. No two clients ask for the same one, except for a fault's.</summary>
/// <param name="Messages">A JSON array.</param>
/// <param name="Expected">The whole answer.</param>
/// <param name="FinishReason">How it ends.</param>
internal sealed record Question(string Messages, string Expected, string FinishReason = "stop")
{
    // The runtime's answer to a fault that turns out harmless; nobody else asks for it.
    private const int FaultCount = 20;

    // The clients' numbers: a count of one client is never one of another.
    private const int CountStep = 64;

    private static readonly string[] Words = ["node", "queue", "Grüße", "漢字", "😀", "token", "\"quoted\"", "a\\b", "…", "<b>", "слово", "é"];

    /// <summary>An echo of a marker, a count, emoji, or what was said earlier in a conversation.</summary>
    /// <param name="client">Below 64, other than 20.</param>
    /// <param name="marker">Of this request alone.</param>
    internal static Question Any(Random random, int client, string marker) => random.Next(10) switch
    {
        < 5 => Echo(marker, random),
        < 8 => Count(client + (CountStep * random.Next(1, 6))),
        8 => Conversation(marker),
        _ => Paused(2, client + CountStep),
    };

    /// <summary>N numbers, a token each, at most 2,048: what the model gives at most.</summary>
    internal static Question Count(int n) => User($"!count {n}", Numbers(n));

    /// <summary>As many numbers as fit, so that a reader who stops for a moment fills every buffer on the way.</summary>
    internal static Question Long(int client) => Count(client + (CountStep * 27));

    /// <summary>N numbers with a pause before each, whatever the simulator's speed.</summary>
    internal static Question Paused(int pauseMs, int n) => User($"!sleep {pauseMs} {n}", Numbers(n));

    /// <summary>A prompt that takes a while to prefill.</summary>
    internal static Question LongPrompt(string marker) => User(
        $"!echo {marker}", marker, ("user", string.Concat(Enumerable.Repeat($"This is said before {marker}. ", 60))), ("assistant", "Noted."));

    /// <summary>A fault of the library. The answer fails, or is the one of a run without it.</summary>
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
