using System.CommandLine;
using System.CommandLine.Completions;
using System.Text.Json;

namespace RkLlama.Cli.Models;

/// <summary>Arguments that are names of models. The shell completes them with the names that the node has.</summary>
internal sealed class ModelArgument(NodeArguments node)
{
    // A completion must not delay the shell.
    private static readonly TimeSpan CompletionTimeout = TimeSpan.FromSeconds(1);

    internal Argument<string> One(string description, string name = "model") => WithCompletions(new Argument<string>(name) { Description = description });

    internal Argument<string?> Optional(string description, string name = "model") =>
        WithCompletions(new Argument<string?>(name) { Description = description, Arity = ArgumentArity.ZeroOrOne });

    internal Argument<string[]> Many(string description) => WithCompletions(new Argument<string[]>("model") { Description = description, Arity = ArgumentArity.OneOrMore });

    private Argument<T> WithCompletions<T>(Argument<T> argument)
    {
        // Otherwise the help asks the node for the names, too.
        argument.HelpName = argument.Name;
        argument.CompletionSources.Add(Complete);
        return argument;
    }

    private IEnumerable<CompletionItem> Complete(CompletionContext context)
    {
        try
        {
            using NodeClient client = node.Open(context.ParseResult);
            using CancellationTokenSource timeout = new(CompletionTimeout);
            JsonElement tags = client.GetAsync("/api/tags", timeout.Token).GetAwaiter().GetResult();
            return [.. ModelRow.ReadAll(tags).Select(static row => new CompletionItem(row.ShortName))];
        }
        catch (Exception ex) when (ex is CommandException or OperationCanceledException or HttpRequestException or IOException)
        {
            return [];
        }
    }
}
