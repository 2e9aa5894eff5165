using System.CommandLine;
using System.Text.Json;

namespace RkLlama.Cli.Models;

/// <summary><c>rkllama show</c>: describes a model.</summary>
internal static class ShowCommand
{
    private static readonly (string Name, string Description)[] Parts =
    [
        ("license", "Print only the license"),
        ("modelfile", "Print only the Modelfile"),
        ("parameters", "Print only the parameters"),
        ("template", "Print only the chat template"),
        ("system", "Print only the system prompt"),
    ];

    internal static Command Create(NodeArguments node, ModelArgument models)
    {
        Argument<string> model = models.One("Name of the model");
        Option<bool> verbose = new("--verbose", "-v") { Description = "Also print the metadata" }, json = JsonOption.Create();
        Option<bool>[] parts = [.. Parts.Select(static part => new Option<bool>("--" + part.Name) { Description = part.Description })];
        return CommandAction.Create("show", "Describe a model.", node, [model, .. parts, verbose, json], async (result, client, cancellationToken) =>
        {
            string[] wanted = [.. Parts.Where((_, index) => result.GetValue(parts[index])).Select(static part => part.Name)];
            if (wanted.Length > 1)
                throw new CommandException($"only one of {string.Join(", ", Parts.Select(static part => "--" + part.Name))} can be given") { ExitCode = 2 };

            JsonElement reply = await FetchAsync(client, result.GetValue(model)!, cancellationToken).ConfigureAwait(false);
            if (result.GetValue(json))
                Console.WriteLine(reply.GetRawText());
            else if (wanted is [{ } part])
                Console.WriteLine(ModelDescription.Part(reply, part));
            else
                Console.Write(ModelDescription.Format(reply, result.GetValue(verbose)));
            return 0;
        });
    }

    /// <exception cref="CommandException">The node does not have the model (status 404), or the request failed.</exception>
    internal static Task<JsonElement> FetchAsync(NodeClient client, string model, CancellationToken cancellationToken) =>
        client.PostAsync("/api/show", new(model), ModelJson.Default.ModelBody, cancellationToken);
}
