using System.CommandLine;

namespace RkLlama.Cli.Models;

/// <summary><c>rkllama cp</c> and <c>rkllama rm</c>: copy and delete models.</summary>
internal static class ChangeCommands
{
    internal static Command CreateCopy(NodeArguments node, ModelArgument models)
    {
        Argument<string> source = models.One("Name of the model", "source");
        Argument<string> destination = new("destination") { Description = "Name of the copy" };
        return CommandAction.Create("cp", "Copy a model.", node, [source, destination], async (result, client, cancellationToken) =>
        {
            (string from, string to) = (result.GetValue(source)!, result.GetValue(destination)!);
            await client.PostAsync("/api/copy", new(from, to), ModelJson.Default.CopyBody, cancellationToken).ConfigureAwait(false);
            Console.WriteLine($"copied '{from}' to '{to}'");
            return 0;
        });
    }

    internal static Command CreateRemove(NodeArguments node, ModelArgument models)
    {
        Argument<string[]> names = models.Many("Names of the models");
        return CommandAction.Create("rm", "Delete models and their files. A loaded model is unloaded first.", node, [names], async (result, client, cancellationToken) =>
        {
            foreach (string name in result.GetValue(names)!)
            {
                await client.SendAsync(HttpMethod.Delete, "/api/delete", new(name), ModelJson.Default.ModelBody, cancellationToken).ConfigureAwait(false);
                Console.WriteLine($"deleted '{name}'");
            }

            return 0;
        });
    }
}
