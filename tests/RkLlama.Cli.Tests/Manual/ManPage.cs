using System.CommandLine;
using System.Text;

namespace RkLlama.Cli.Tests.Manual;

/// <summary>Writes the man page from the tree of commands. The parts that the tree does not have are in <c>frame.1</c>.</summary>
internal static class ManPage
{
    /// <param name="frame">The page with the words <c>@COMMANDS@</c>, <c>@NODE@</c> and <c>@SETTINGS@</c> in place of the generated parts.</param>
    internal static string Write(RootCommand root, string frame)
    {
        Command[] commands = [.. root.Subcommands.Where(static command => !command.Hidden)];
        Option[] settings = [.. root.Options.Where(static option => !option.Hidden)];

        // Those that several commands have and that are no settings: the options that name the node.
        Option[] node = [.. commands.SelectMany(static command => command.Options).GroupBy(static option => option).Where(static group => group.Count() > 1).Select(static group => group.Key).Except(settings)];
        StringBuilder text = new();
        foreach (Command command in commands)
            WriteCommand(text, command, settings, node);
        return frame.Replace("@COMMANDS@\n", text.ToString(), StringComparison.Ordinal)
            .Replace("@NODE@\n", Join(node), StringComparison.Ordinal)
            .Replace("@SETTINGS@\n", Join(settings), StringComparison.Ordinal);
    }

    private static void WriteCommand(StringBuilder text, Command command, Option[] settings, Option[] node)
    {
        string names = string.Join(", ", ((IEnumerable<string>)[command.Name, .. command.Aliases.Except([command.Name])]).Select(static name => $"\\fB{Escape(name)}\\fR"));
        string arguments = string.Concat(command.Arguments.Where(static argument => !argument.Hidden).Select(static argument => " " + UsageOf(argument)));
        text.Append($".TP\n{names}{arguments}\n{Line(command.Description!)}");
        IEnumerable<Option> own = command.Options.Where(option => !option.Hidden && !settings.Contains(option) && !node.Contains(option));
        string details = string.Concat(command.Arguments.Where(static argument => !argument.Hidden).Select(static argument => $".TP\n{UsageOf(argument)}\n{Line(argument.Description!)}")) + Join(own);
        if (details.Length > 0)
            text.Append($".RS\n{details}.RE\n");
    }

    private static string UsageOf(Argument argument)
    {
        string name = $"\\fI{Escape(argument.Name.ToUpperInvariant())}\\fR" + (argument.Arity.MaximumNumberOfValues > 1 ? "..." : "");
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name;
    }

    private static string Join(IEnumerable<Option> options) => string.Concat(options.Select(static option =>
    {
        string names = string.Join(", ", NamesOf(option).Select(static name => $"\\fB{Escape(name)}\\fR"));
        string value = option.ValueType == typeof(bool) || option.Arity.MaximumNumberOfValues == 0 ? "" : $" \\fI{Escape(option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant())}\\fR";
        if (option.Arity.MinimumNumberOfValues == 0 && value.Length > 0)
            value = $" [{value[1..]}]";
        return $".TP\n{names}{value}\n{Line(option.Description!)}";
    }));

    /// <summary>Returns the names of an option without those for other systems, such as <c>/h</c> and <c>-?</c>.</summary>
    internal static IEnumerable<string> NamesOf(Option option) =>
        ((IEnumerable<string>)[option.Name, .. option.Aliases.Except([option.Name])]).Where(static name => name.StartsWith('-') && name != "-?");

    private static string Line(string description) => Escape(description.TrimEnd('.')) + ".\n";

    internal static string Escape(string text) => text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal).Replace("…", "...", StringComparison.Ordinal);
}
