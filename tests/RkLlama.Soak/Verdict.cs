using System.Globalization;
using System.Text;

namespace RkLlama.Soak;

/// <summary>The result of an exchange.</summary>
internal enum Outcome
{
    /// <summary>The complete and correct answer.</summary>
    Complete,

    /// <summary>A status of at least 400 with a JSON error.</summary>
    Refused,

    /// <summary>Part of the answer or an error line, then a cut connection.</summary>
    Cut,

    /// <summary>The client disconnected.</summary>
    Left,

    /// <summary>A result that must not happen. The soak fails.</summary>
    Failure,
}

/// <summary>Judges what a client received.</summary>
/// <param name="Kind">For an error: its status or form, and a word for its cause. For a failure: the problem.</param>
internal sealed record Verdict(Outcome Outcome, string Kind = "")
{
    /// <summary>The cause of an error that says that the server does not restart the model any more.</summary>
    internal const string GivenUp = "given-up";

    private static readonly (string Words, string Kind)[] Causes =
    [
        ("No models are currently loaded", "no-model"),
        ("already loaded", "occupied"),
        ("unloaded while", "unloaded"),
        ("too many requests", "full"),
        ("not started again", GivenUp),
        ("ended the worker", "refused"),
        ("no token for", "hung"),
        ("no first token", "hung"),
        ("did not end the run", "hung"),
        ("SIGKILL", "killed"),
        ("SIGSEGV", "segv"),
        ("SIGABRT", "abort"),
        ("reported an error", "runtime"),
        ("refused the run", "runtime"),
        ("without finishing", "unfinished"),
        ("could not be loaded", "load"),
    ];

    /// <param name="stream">Whether a stream was requested.</param>
    /// <param name="isSlow">Whether the client reads slowly. It may then lose the error line before a cut.</param>
    internal static Verdict Of(Received received, Api api, Question question, bool stream, bool isSlow)
    {
        if (received.Text.Contains("   at ", StringComparison.Ordinal) || received.Text.Contains("System.", StringComparison.Ordinal))
            return Failed("a stack trace", received, question);

        return received switch
        {
            { End: ExchangeEnd.Hung } => Failed($"not over after {Exchange.Patience.TotalSeconds:0} s", received, question),
            { Status: >= 400, End: ExchangeEnd.Clean } => OfRefusal(received, api, question),
            { Status: 200 } => stream ? OfStream(received, api, question, isSlow) : OfWhole(received, api, question),
            { End: ExchangeEnd.Left } => new(Outcome.Left),
            _ => Failed("no answer", received, question),
        };
    }

    /// <summary>Checks a refused request: it must have an error text, and a 503 must have a Retry-After of 1 to 60 s.</summary>
    internal static Verdict OfRefusal(Received received, Api api, Question? question)
    {
        if (api.Read(received.Text) is not { Error: { } error })
            return Failed("an error that is not JSON with an error", received, question);
        if (received.Status == 503 && received.RetryAfter?.TotalSeconds is not (>= 1 and <= 60))
            return Failed("a 503 without Retry-After of 1 to 60 s", received, question);
        return new(Outcome.Refused, string.Create(CultureInfo.InvariantCulture, $"{received.Status}-{CauseOf(error)}"));
    }

    private static Verdict OfStream(Received received, Api api, Question question, bool isSlow)
    {
        StringBuilder content = new();
        string? finish = null, error = null;
        bool isDone = !api.IsSse;
        (IReadOnlyList<string> items, string tail) = api.Split(received.Text);
        foreach (string item in items)
        {
            if (finish is not null && !isDone && item == Api.Done)
            {
                isDone = true;
                continue;
            }

            if (finish is not null || error is not null)
                return Failed("a line after the last one", received, question);
            if (api.Read(item) is not { } said)
                return Failed("a line that is not part of an answer", received, question);
            content.Append(said.Content);
            (finish, error) = (said.Finish, said.Error);
        }

        if (!question.Expected.StartsWith(content.ToString(), StringComparison.Ordinal))
            return Failed("a wrong text", received, question);

        return (received.End, error, finish) switch
        {
            (ExchangeEnd.Left, _, _) => new(Outcome.Left),
            (ExchangeEnd.Cut, not null, _) => new(Outcome.Cut, $"line-{CauseOf(error)}"),
            (ExchangeEnd.Cut, null, _) when isSlow => new(Outcome.Cut, "line-lost"),
            (ExchangeEnd.Cut, null, _) => Failed("a cut without an error", received, question),
            (_, not null, _) => Failed("an error that ends like an answer", received, question),
            (_, _, null) => Failed("an answer that ends without its last line", received, question),
            _ when tail.Length > 0 || !isDone => Failed("an incomplete last line or a missing [DONE]", received, question),
            _ => OfAnswer(content.ToString(), finish, received, question),
        };
    }

    /// <summary>Checks an answer in one piece. White space may precede the object as a keep-alive. An error after that ends with a cut connection.</summary>
    private static Verdict OfWhole(Received received, Api api, Question question)
    {
        if (received.End == ExchangeEnd.Left)
            return new(Outcome.Left);

        Said? said = api.Read(received.Text);
        if (received.End == ExchangeEnd.Cut)
            return said?.Error is { } error ? new(Outcome.Cut, $"line-{CauseOf(error)}") : Failed("a cut without an error", received, question);
        return said is { Finish: { } finish }
            ? OfAnswer(said.Content, finish, received, question)
            : Failed("a 200 without an answer", received, question);
    }

    internal static Verdict OfAnswer(string content, string finish, Received received, Question question) => (content, finish) switch
    {
        ("", _) => Failed("an empty answer", received, question),
        _ when content != question.Expected => Failed("an incomplete answer, or the answer to another request", received, question),
        _ when finish != question.FinishReason => Failed($"finish reason {finish}", received, question),
        _ => new(Outcome.Complete),
    };

    internal static string CauseOf(string error)
    {
        foreach ((string words, string kind) in Causes)
        {
            if (error.Contains(words, StringComparison.Ordinal))
                return kind;
        }

        return $"other({(error.Length > 60 ? error[..60] : error)})";
    }

    internal static Verdict Failed(string what, Received received, Question? question) => new(
        Outcome.Failure,
        $"{what}: status {received.Status}, {received.End}, got '{Ends(received.Text)}', asked {Ends(question?.Messages ?? "")}");

    private static string Ends(string text) => text.Length <= 700 ? text : $"{text[..300]} … {text[^380..]}";
}
