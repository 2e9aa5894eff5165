namespace RkLlama.Cli.Chat;

/// <summary>A line of a conversation that begins with a slash.</summary>
/// <param name="Name">The command with its slash, such as <c>/set</c>.</param>
/// <param name="Rest">The text behind the name, as written.</param>
internal sealed record SlashCommand(string Name, string Rest)
{
    /// <summary>The commands, for <c>/?</c>.</summary>
    internal static IReadOnlyList<(string Usage, string Description)> Commands { get; } =
    [
        ("/set", "Change a setting of this conversation: /? set"),
        ("/show", "Show the model: /? show"),
        ("/load MODEL", "Talk to another model. The conversation begins anew"),
        ("/save MODEL", "Make a model of the settings and messages so far"),
        ("/list [PREFIX]", "List the models of the node"),
        ("/clear", "Forget the messages of this conversation"),
        ("/bye", "Leave; also Ctrl-D"),
        ("/?, /help", "Show this list; /? shortcuts: the keys"),
    ];

    internal static IReadOnlyList<(string Usage, string Description)> Settings { get; } =
    [
        ("/set parameter NAME VALUE", "A parameter, such as temperature 0.7"),
        ("/set system TEXT", "The system prompt; \"\"\" begins one of several lines"),
        ("/set think [LEVEL]", "Think before each answer"),
        ("/set nothink", "Answer without thinking"),
        ("/set verbose", "Print the statistics of each answer"),
        ("/set quiet", "Do not print them"),
        ("/set format json", "Answer in JSON"),
        ("/set noformat", "Answer in text"),
        ("/set wordwrap", "Break lines between words"),
        ("/set nowordwrap", "Leave this to the terminal"),
        ("/set history", "Keep the lines that you enter"),
        ("/set nohistory", "Do not keep them"),
    ];

    internal static IReadOnlyList<(string Usage, string Description)> Parts { get; } =
    [
        ("/show info", "The properties of the model"),
        ("/show license", "Its license"),
        ("/show modelfile", "Its Modelfile"),
        ("/show parameters", "Its parameters, and those that you have set"),
        ("/show system", "The system prompt"),
        ("/show template", "Its chat template"),
    ];

    internal static IReadOnlyList<(string Usage, string Description)> Shortcuts { get; } =
    [
        ("Ctrl-A, Home", "To the start of the line"),
        ("Ctrl-E, End", "To the end of the line"),
        ("Alt-B, Ctrl-Left", "One word back"),
        ("Alt-F, Ctrl-Right", "One word forward"),
        ("Ctrl-K", "Delete to the end of the line"),
        ("Ctrl-U", "Delete to the start of the line"),
        ("Ctrl-W", "Delete the word before the cursor"),
        ("Ctrl-Y", "Insert what was deleted"),
        ("Up, Down", "Earlier and later lines"),
        ("Alt-Enter", "A line break"),
        ("Ctrl-L", "Clear the screen"),
        ("Ctrl-C", "End the answer, or clear the line"),
        ("Ctrl-D", "Leave"),
    ];

    /// <returns>
    /// The command; <see langword="null"/> if the line is a message. A path such as <c>/etc/hosts</c> begins a message. Of the commands, only <c>/set</c> has several lines.
    /// </returns>
    internal static SlashCommand? Parse(string line)
    {
        if (!line.StartsWith('/'))
            return null;
        string[] parts = line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries);
        return parts[0].IndexOf('/', 1) > 0 || (parts[0] != "/set" && line.Trim().Contains('\n', StringComparison.Ordinal)) ? null : new(parts[0], parts.Length > 1 ? parts[1].Trim() : "");
    }

    /// <summary>The words of <see cref="Rest"/>. A word in quotes may contain spaces.</summary>
    internal IReadOnlyList<string> Words()
    {
        List<string> words = [];
        for (int at = 0; at < Rest.Length;)
        {
            if (char.IsWhiteSpace(Rest[at]))
            {
                at++;
                continue;
            }

            int end = Rest[at] is '"' or '\'' ? Rest.IndexOf(Rest[at], at + 1) : -1;
            if (end > 0)
            {
                words.Add(Rest[(at + 1)..end]);
                at = end + 1;
                continue;
            }

            int start = at;
            while (at < Rest.Length && !char.IsWhiteSpace(Rest[at]))
                at++;
            words.Add(Rest[start..at]);
        }

        return words;
    }

    /// <summary>The text behind the first word of <see cref="Rest"/>, without quotes around it.</summary>
    internal string TextAfterFirstWord()
    {
        string[] parts = Rest.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries);
        string text = parts.Length > 1 ? parts[1].Trim() : "";
        string quotes = text.StartsWith("\"\"\"", StringComparison.Ordinal) ? "\"\"\"" : "\"";
        return text.Length >= 2 * quotes.Length && text.StartsWith(quotes, StringComparison.Ordinal) && text.EndsWith(quotes, StringComparison.Ordinal) ? text[quotes.Length..^quotes.Length] : text;
    }
}
