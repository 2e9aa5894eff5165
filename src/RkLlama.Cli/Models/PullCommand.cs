using System.CommandLine;
using RkLlama.Hub.Names;

namespace RkLlama.Cli.Models;

/// <summary><c>rkllama pull</c>: the node downloads a model, or copies it from another node or from a path of its machine.</summary>
internal static class PullCommand
{
    private const string KeyVariable = "RKLLAMA_FROM_KEY";

    internal static Command Create(NodeArguments node, ModelArgument models)
    {
        Argument<string> model = models.One("A short name, OWNER/REPO or OWNER/REPO/FILE.rkllm, hf.co/… or modelscope.cn/…, each also with @REVISION; http://NODE:8080/MODEL for a model of another node; or a path: /DIRECTORY or ./FILE.rkllm");
        Argument<string?> name = models.Optional("Name of the model on the node. If the node has it, the pull brings the files that it lacks", "name");
        Option<string?> from = new("--from") { Description = "Another node that has the model and shares it (--share-models)", HelpName = "NODE" };
        Option<string?> key = new("--from-key") { Description = $"API key of the other node; {KeyVariable} [none; for a node of --peers, the key of the node that pulls]", HelpName = "KEY" };
        return CommandAction.Create("pull", "Download a model to the node. A download that was interrupted continues.", node, [model, name, from, key], async (result, client, cancellationToken) =>
        {
            PullBody body = Read(result.GetValue(model)!, result.GetValue(name), result.GetValue(from), result.GetValue(key) ?? Environment.GetEnvironmentVariable(KeyVariable));
            if (body.From is null && body.Model.Contains('/', StringComparison.Ordinal) && ModelReferenceParser.IsModelFile(body.Model) && !body.Model.StartsWith('/') && File.Exists(body.Model))
                await Console.Error.WriteLineAsync($"'{body.Model}' is taken for a name on a hub. To copy the file of this name, write ./{body.Model}").ConfigureAwait(false);
            Console.WriteLine(await new Puller(client, Puller.Display).PullAsync(body, cancellationToken).ConfigureAwait(false));
            return 0;
        });
    }

    /// <exception cref="CommandException">The address of the other node is not valid, or the path does not exist.</exception>
    internal static PullBody Read(string model, string? name, string? from, string? key)
    {
        string? fromKey = string.IsNullOrEmpty(key) ? null : key;
        if (from is null)
        {
            return new(LocalPath.Find(model, Directory.GetCurrentDirectory()) ?? model)
            {
                ModelName = name,
                FromKey = NodeModelAddress.TryParse(model, out _, out _) ? fromKey : null,
            };
        }

        if (string.IsNullOrWhiteSpace(from))
            throw new CommandException("--from: the address of the node is empty") { ExitCode = 2 };
        Uri address = NodeAddress.Parse(from, NodeAddress.DefaultPort) ?? throw new CommandException($"--from: '{from}' is not the address of a node") { ExitCode = 2 };
        return new(model) { ModelName = name, From = address.ToString(), FromKey = fromKey };
    }
}
