using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RkLlama.EndToEnd.Tests.Replay;

/// <summary>
/// A file of the <c>transcripts</c> directory: a description, options of the server, and requests with their exact responses.
/// </summary>
/// <remarks>
/// Lines that begin with <c>#</c> are the description; <c># --name value</c> is an option of the server, <c># while</c> a background activity (see
/// <see cref="Meanwhile"/>). <c>&gt;</c> marks lines of a request and <c>&lt;</c> lines of a response: the start line, headers, an empty line, the body.
/// The placeholder of an id, such as <c>&lt;resp_1&gt;</c>, in a request means the id of an earlier response. <c>$(x*3)</c> in a body means <c>xxx</c>. The line <c>\ no newline</c> follows a body that does not end with a newline.
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

    /// <summary>Returns the text of the file with other responses.</summary>
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

    /// <summary>Returns the following lines with this mark, without the mark. Ends before the next line that matches <paramref name="beginning"/>.</summary>
    private static string[] Take(string[] lines, ref int at, char mark, Regex? beginning = null)
    {
        int from = at;
        while (at < lines.Length && lines[at].StartsWith(mark) && (at == from || beginning?.IsMatch(lines[at]) != true))
            at++;
        return [.. lines[from..at].Select(static line => line.Length > 1 ? line[2..] : "")];
    }

    // The start line of a request. In a new file, requests have no responses between them.
    [GeneratedRegex("^> [A-Z]+ /")]
    private static partial Regex Start { get; }

    [GeneratedRegex(@"\$\((.+?)\*(\d+)\)")]
    private static partial Regex Repetition { get; }
}

/// <summary>The background activity of the server during the requests.</summary>
internal enum Meanwhile
{
    Nothing,

    /// <summary>A long answer to another client runs.</summary>
    AnAnswerRuns,

    /// <summary>The server stops and finishes a long answer to another client.</summary>
    TheServerStops,
}

internal sealed record Exchange(Message Sent, Message Received);

/// <summary>A request or a response.</summary>
/// <param name="Start">Method and path of a request, or the status of a response.</param>
internal sealed record Message(string Start, IReadOnlyList<string> Headers, IReadOnlyList<string> Body)
{
    internal bool EndsInNewline { get; init; } = true;

    /// <summary>Whether the connection ended before the response was complete.</summary>
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
