using System.CommandLine;
using System.Text.Json;

namespace RkLlama.Cli.Models;

/// <summary><c>rkllama list</c> and <c>rkllama ps</c>: the models of the node, and those that are loaded.</summary>
internal static class ListCommands
{
    internal static Command CreateList(NodeArguments node, ModelArgument models) => Create(
        "list", "List the models of the node.", node, models, "/api/tags", static (rows, now) => ModelTables.List(rows, now), "ls");

    internal static Command CreatePs(NodeArguments node, ModelArgument models) => Create(
        "ps", "List the models that are loaded.", node, models, "/api/ps", static (rows, now) => ModelTables.Running(rows, now), null);

    private static Command Create(
        string name, string description, NodeArguments node, ModelArgument models, string path, Func<IEnumerable<ModelRow>, DateTimeOffset, string> format, string? alias)
    {
        Argument<string?> prefix = models.Optional("Only models whose names begin with this text", "prefix");
        Option<bool> json = JsonOption.Create();
        Command command = CommandAction.Create(name, description, node, [prefix, json], async (result, client, cancellationToken) =>
        {
            JsonElement reply = await client.GetAsync(path, cancellationToken).ConfigureAwait(false);
            if (result.GetValue(json))
                Console.WriteLine(ModelTables.Json(reply, result.GetValue(prefix)));
            else
                Console.Write(format(ModelTables.WithPrefix(ModelRow.ReadAll(reply), result.GetValue(prefix)), DateTimeOffset.UtcNow));

            // For people only, because scripts read the table.
            if (!result.GetValue(json) && !Console.IsOutputRedirected && ModelTables.Memory(reply) is { } memory)
                Console.WriteLine(memory);
            return 0;
        });
        if (alias is not null)
            command.Aliases.Add(alias);
        return command;
    }
}
