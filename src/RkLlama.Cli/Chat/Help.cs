namespace RkLlama.Cli.Chat;

/// <summary>Formats the lists of <c>/?</c>.</summary>
internal static class Help
{
    internal static string Of(string topic) => topic.TrimStart('/') switch
    {
        "set" => Format(SlashCommand.Settings),
        "show" => Format(SlashCommand.Parts),
        "shortcut" or "shortcuts" => Format(SlashCommand.Shortcuts),
        _ => Format(SlashCommand.Commands) + "\n\nUse \"\"\" to begin a message of several lines.",
    };

    internal static string Format(IReadOnlyList<(string Usage, string Description)> rows)
    {
        int width = rows.Max(static row => row.Usage.Length) + 2;
        return string.Join('\n', rows.Select(row => $"  {row.Usage.PadRight(width)}{row.Description}"));
    }
}
