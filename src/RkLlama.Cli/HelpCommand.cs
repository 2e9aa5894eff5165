using System.CommandLine;

namespace RkLlama.Cli;

/// <summary><c>rkllama help</c>: prints the help of a command, like its option <c>--help</c>.</summary>
internal static class HelpCommand
{
    /// <param name="root">The command with all others, which are added before this one.</param>
    internal static Command Create(RootCommand root)
    {
        Argument<string?> command = new("command") { Description = "Name of a command [all commands]", Arity = ArgumentArity.ZeroOrOne };
        command.CompletionSources.Add([.. root.Subcommands.Select(static one => one.Name)]);
        Command help = new("help", "Print the help of a command.") { command };
        help.SetAction(async (result, cancellationToken) =>
        {
            string? name = result.GetValue(command);
            return name is null || root.Subcommands.Any(one => one.Name == name || one.Aliases.Contains(name))
                ? await root.Parse(name is null ? ["--help"] : [name, "--help"]).InvokeAsync(new() { EnableDefaultExceptionHandler = false }, cancellationToken).ConfigureAwait(false)
                : await CommandException.PrintAsync($"there is no command '{name}': 'rkllama help' lists all", exitCode: 2).ConfigureAwait(false);
        });
        return help;
    }
}
