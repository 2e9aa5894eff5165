using System.CommandLine;

namespace RkLlama.Cli;

/// <summary>Runs the commands that use a node. Each failure is one line on stderr.</summary>
internal static class CommandAction
{
    /// <summary>The exit code of a command that Ctrl-C has ended.</summary>
    internal const int Interrupted = 130;

    /// <summary>Creates a command that uses a node.</summary>
    /// <param name="run">Runs the command and returns its exit code.</param>
    internal static Command Create(string name, string description, NodeArguments node, IEnumerable<Symbol> symbols, Func<ParseResult, NodeClient, CancellationToken, Task<int>> run)
    {
        Command command = new(name, description);
        foreach (Symbol symbol in symbols)
        {
            if (symbol is Argument argument)
                command.Arguments.Add(argument);
            else
                command.Options.Add((Option)symbol);
        }

        node.AddTo(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            try
            {
                using NodeClient client = node.Open(result);
                return await run(result, client, cancellationToken).ConfigureAwait(false);
            }
            catch (CommandException ex)
            {
                return await CommandException.PrintAsync(ex.Message, ex.ExitCode).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return Interrupted;
            }
        });
        return command;
    }
}
