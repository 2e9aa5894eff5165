using System.CommandLine;
using System.Net;
using System.Text.Json;

namespace RkLlama.Cli.Models;

/// <summary><c>rkllama load</c>, <c>unload</c> and <c>stop</c>: load a model, unload it, or stop its download.</summary>
internal static class LoadCommands
{
    internal static Command CreateLoad(NodeArguments node, ModelArgument models)
    {
        Argument<string> model = models.One("Name of the model");
        return CommandAction.Create("load", "Load a model. It stays loaded until it is unloaded.", node, [model], async (result, client, cancellationToken) =>
        {
            string name = result.GetValue(model)!;
            await client.PostAsync("/load_model", new(name), ModelJson.Default.LoadBody, cancellationToken).ConfigureAwait(false);
            Console.WriteLine($"loaded '{name}'");
            if (client.Warning is { } warning)
                await Console.Error.WriteLineAsync($"Warning: {warning}").ConfigureAwait(false);
            return 0;
        });
    }

    internal static Command CreateUnload(NodeArguments node, ModelArgument models)
    {
        Argument<string?> model = models.Optional("Name of the model [the loaded model]");
        return CommandAction.Create("unload", "Unload the loaded model at once. An answer that it is generating ends with an error.", node, [model], async (result, client, cancellationToken) =>
        {
            IReadOnlyList<ModelRow> loaded = await LoadedAsync(client, cancellationToken).ConfigureAwait(false);
            if (result.GetValue(model) is { } name && !loaded.Any(row => row.ShortName == ModelRow.Short(name)))
                throw new CommandException($"model '{name}' is not loaded");
            await client.PostAsync("/unload_model", new(), ModelJson.Default.UnloadBody, cancellationToken).ConfigureAwait(false);
            Console.WriteLine(loaded is [{ } row, ..] ? $"unloaded '{row.ShortName}'" : "unloaded the model");
            return 0;
        });
    }

    internal static Command CreateStop(NodeArguments node, ModelArgument models)
    {
        Argument<string> model = models.One("Name of the model");
        return CommandAction.Create("stop", "Stop the download of a model, or unload a model after the requests that wait for it.", node, [model], async (result, client, cancellationToken) =>
        {
            string name = result.GetValue(model)!;
            if (await TryStopPullAsync(client, name, cancellationToken).ConfigureAwait(false))
            {
                Console.WriteLine($"stopped the download of '{name}'. What is there is kept, and the next pull continues it");
                return 0;
            }

            try
            {
                await SetKeepAliveAsync(client, name, JsonElement.Parse("0"), cancellationToken).ConfigureAwait(false);
            }
            catch (CommandException ex) when (ex.Status == HttpStatusCode.NotFound)
            {
                throw new CommandException($"couldn't find model \"{name}\" to stop");
            }

            return 0;
        });
    }

    /// <summary>Loads a model, or unloads it if the time is 0.</summary>
    /// <param name="keepAlive">How long the model stays loaded; <see langword="null"/> for the default of the node.</param>
    internal static Task SetKeepAliveAsync(NodeClient client, string model, JsonElement? keepAlive, CancellationToken cancellationToken) =>
        client.PostAsync("/api/generate", new(model, keepAlive), ModelJson.Default.KeepAliveBody, cancellationToken);

    /// <returns>Whether the node was downloading the model.</returns>
    private static async Task<bool> TryStopPullAsync(NodeClient client, string model, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendAsync(HttpMethod.Delete, "/api/pull", new(model), ModelJson.Default.ModelBody, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (CommandException ex) when (ex.Status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed)
        {
            // An older node cannot stop downloads.
            return false;
        }
    }

    private static async Task<IReadOnlyList<ModelRow>> LoadedAsync(NodeClient client, CancellationToken cancellationToken) =>
        ModelRow.ReadAll(await client.GetAsync("/api/ps", cancellationToken).ConfigureAwait(false));
}
