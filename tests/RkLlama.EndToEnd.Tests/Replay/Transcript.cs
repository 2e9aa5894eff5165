using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RkLlama.EndToEnd.Tests.Replay;

/// <summary>
/// A file of the <c>transcripts</c> directory: what it shows, what server it takes, and requests with their exact answers, one after the other.
/// </summary>
/// <remarks>
/// Lines that begin with <c>#</c> say what is shown; <c># --name value</c> is an option of the server, <c># while</c> what goes on meanwhile (see
/// <see cref="Meanwhile"/>). <c>&gt;</c> is sent and <c>&lt;</c> received: the first line of each, headers, an empty one, the body.
/// <c>$(x*3)</c> in a body is <c>xxx</c>. A body that does not end with a newline is followed by a line that says so.
/// </remarks>
internal sealed partial record Transcript(IReadOnlyList<string> Notes, IReadOnlyList<Exchange> Exchanges)
{
    private const string NoNewline = "\\ no newline";
    private const string Cut = "! the connection is cut";

    internal IEnumerable<string> Options => Notes.Where(note => note.StartsWith("--", StringComparison.Ordinal)).SelectMany(note => note.Split(' ', 2));

    internal Meanwhile Meanwhile => Notes.FirstOrDefault(note => note.StartsWith("while ", StringComparison.Ordinal)) switch
    {
        null => Meanwhile.Nothing,
        "while an answer runs" => Meanwhile.AnAnswerRuns,
        "while an answer runs and the server stops" => Meanwhile.TheServerStops,
        { } other => throw new FormatException(other),
    };

    internal static Transcript Read(string path)
    {
        string[] lines = File.ReadAllLines(path);
        List<Exchange> exchanges = [];
        int at = 0;
        string[] notes = Take(lines, ref at, '#');
        while (at < lines.Length)
        {
            string[] sent = Take(lines, ref at, '>', Start), received = Take(lines, ref at, '<');
            bool ends = at < lines.Length && lines[at] == NoNewline;
            at += ends ? 1 : 0;
            bool isCut = at < lines.Length && lines[at] == Cut;
            at += isCut ? 1 : 0;
            if (sent.Length == 0)
                throw new FormatException($"{path}({at + 1}): no request");
            exchanges.Add(new(Message.Of(sent), Message.Of(received) with { EndsInNewline = !ends, IsCut = isCut }));
        }

        return new(notes, exchanges);
    }

    /// <summary>The file's text with these answers.</summary>
    internal string With(IEnumerable<Message> answers)
    {
        StringBuilder text = new();
        foreach (string note in Notes)
            text.Append(CultureInfo.InvariantCulture, $"# {note}\n");
        foreach ((Exchange exchange, Message answer) in Exchanges.Zip(answers))
        {
            exchange.Sent.WriteTo(text, '>');
            answer.WriteTo(text, '<');
            if (!answer.EndsInNewline)
                text.Append(NoNewline).Append('\n');
            if (answer.IsCut)
                text.Append(Cut).Append('\n');
        }

        return text.ToString();
    }

    internal static string Expand(string body) => Repetition.Replace(body, static match =>
        string.Concat(Enumerable.Repeat(match.Groups[1].Value, int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture))));

    /// <summary>The lines with this mark, without it; up to the next of those that begin anew.</summary>
    private static string[] Take(string[] lines, ref int at, char mark, Regex? beginning = null)
    {
        int from = at;
        while (at < lines.Length && lines[at].StartsWith(mark) && (at == from || beginning?.IsMatch(lines[at]) != true))
            at++;
        return [.. lines[from..at].Select(static line => line.Length > 1 ? line[2..] : "")];
    }

    // Requests that were never answered follow one another.
    [GeneratedRegex("^> [A-Z]+ /")]
    private static partial Regex Start { get; }

    [GeneratedRegex(@"\$\((.+?)\*(\d+)\)")]
    private static partial Regex Repetition { get; }
}

/// <summary>What goes on in the server while the requests are made.</summary>
internal enum Meanwhile
{
    Nothing,

    /// <summary>An endless answer to somebody else.</summary>
    AnAnswerRuns,

    /// <summary>It was asked to stop, and finishes that answer.</summary>
    TheServerStops,
}

internal sealed record Exchange(Message Sent, Message Received);

/// <summary>A request or an answer.</summary>
/// <param name="Start">Method and path, or the status.</param>
internal sealed record Message(string Start, IReadOnlyList<string> Headers, IReadOnlyList<string> Body)
{
    internal bool EndsInNewline { get; init; } = true;

    /// <summary>The connection ended before the answer did.</summary>
    internal bool IsCut { get; init; }

    internal static Message Of(string[] lines)
    {
        int empty = Array.IndexOf(lines, "");
        return empty < 0
            ? new(lines.FirstOrDefault() ?? "", [.. lines.Skip(1)], [])
            : new(lines[0], lines[1..empty], lines[(empty + 1)..]);
    }

    internal void WriteTo(StringBuilder text, char mark)
    {
        Write(Start);
        foreach (string header in Headers)
            Write(header);
        if (Body.Count > 0)
            Write("");
        foreach (string line in Body)
            Write(line);

        void Write(string line) => text.Append(line.Length == 0 ? $"{mark}\n" : $"{mark} {line}\n");
    }
}
