using System.Globalization;
using System.Text;

namespace RkLlama.Soak;

/// <summary>What an exchange counts as.</summary>
internal enum Outcome
{
    /// <summary>The whole answer, the client's own.</summary>
    Complete,

    /// <summary>A status of 400 or more with an error in JSON.</summary>
    Refused,

    /// <summary>An error line, or a part of the answer, and a connection that was cut.</summary>
    Cut,

    /// <summary>The client went away.</summary>
    Left,

    /// <summary>What must not happen.</summary>
    Failure,
}

/// <param name="Kind">Of an error: its status and, where the server said why, a word for that. Of a failure: what is wrong.</param>
internal sealed record Verdict(Outcome Outcome, string Kind = "")
{
    /// <summary>What the kind of an error ends with when the server does not start the model again by itself.</summary>
    internal const string GivenUp = "given-up";

    private static readonly (string Words, string Kind)[] Causes =
    [
        ("No models are currently loaded", "no-model"),
        ("already loaded", "occupied"),
        ("unloaded while", "unloaded"),
        ("too many requests", "full"),
        ("not started again", GivenUp),
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

    /// <param name="stream">Whether lines were asked for.</param>
    /// <param name="isSlow">A slow reader may lose the error line that a cut connection had still to send.</param>
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

    /// <summary>An error has a reason, and one that passes says when to come back.</summary>
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
                return Failed("a line that is no part of an answer", received, question);
            content.Append(said.Content);
            (finish, error) = (said.Finish, said.Error);
        }

        if (!question.Expected.StartsWith(content.ToString(), StringComparison.Ordinal))
            return Failed("another text", received, question);

        return (received.End, error, finish) switch
        {
            (ExchangeEnd.Left, _, _) => new(Outcome.Left),
            (ExchangeEnd.Cut, not null, _) => new(Outcome.Cut, $"line-{CauseOf(error)}"),
            (ExchangeEnd.Cut, null, _) when isSlow => new(Outcome.Cut, "line-lost"),
            (ExchangeEnd.Cut, null, _) => Failed("a cut without a word", received, question),
            (_, not null, _) => Failed("an error that ends like an answer", received, question),
            (_, _, null) => Failed("an answer that ends without its last line", received, question),
            _ when tail.Length > 0 || !isDone => Failed("half an end at a clean one", received, question),
            _ => OfAnswer(content.ToString(), finish, received, question),
        };
    }

    /// <summary>White space may come before the object, while it is not there yet; an error after that is cut.</summary>
    private static Verdict OfWhole(Received received, Api api, Question question)
    {
        if (received.End == ExchangeEnd.Left)
            return new(Outcome.Left);

        Said? said = api.Read(received.Text);
        if (received.End == ExchangeEnd.Cut)
            return said?.Error is { } error ? new(Outcome.Cut, $"line-{CauseOf(error)}") : Failed("a cut without a word", received, question);
        return said is { Finish: { } finish }
            ? OfAnswer(said.Content, finish, received, question)
            : Failed("a 200 that is no answer", received, question);
    }

    private static Verdict OfAnswer(string content, string finish, Received received, Question question) => (content, finish) switch
    {
        ("", _) => Failed("an empty answer", received, question),
        _ when content != question.Expected => Failed("an answer that is not whole, or another's", received, question),
        _ when finish != question.FinishReason => Failed($"finish reason {finish}", received, question),
        _ => new(Outcome.Complete),
    };

    private static string CauseOf(string error)
    {
        foreach ((string words, string kind) in Causes)
        {
            if (error.Contains(words, StringComparison.Ordinal))
                return kind;
        }

        return $"other({(error.Length > 60 ? error[..60] : error)})";
    }

    private static Verdict Failed(string what, Received received, Question? question) => new(
        Outcome.Failure,
        $"{what}: status {received.Status}, {received.End}, got '{Ends(received.Text)}', asked {Ends(question?.Messages ?? "")}");

    private static string Ends(string text) => text.Length <= 700 ? text : $"{text[..300]} … {text[^380..]}";
}
