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
            string? name = result.GetValue(model);
            if (name is not null && !loaded.Any(row => row.ShortName == ModelRow.Short(name)))
                throw new CommandException($"model '{name}' is not loaded");

            // /unload_model unloads the model that /current_model names, or the only one.
            string? current = loaded.Count > 1 ? await CurrentAsync(client, cancellationToken).ConfigureAwait(false) : loaded is [{ } only] ? only.ShortName : null;
            if (name is null || loaded.Count == 1 || ModelRow.Short(name) == current)
                await client.PostAsync("/unload_model", new(), ModelJson.Default.UnloadBody, cancellationToken).ConfigureAwait(false);
            else
                await SetKeepAliveAsync(client, name, JsonElement.Parse("0"), cancellationToken).ConfigureAwait(false);
            Console.WriteLine((name is null ? current : ModelRow.Short(name)) is { } unloaded ? $"unloaded '{unloaded}'" : "unloaded the model");
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

    /// <returns>The model for requests that do not name one; null if there is none.</returns>
    private static async Task<string?> CurrentAsync(NodeClient client, CancellationToken cancellationToken)
    {
        try
        {
            JsonElement reply = await client.GetAsync("/current_model", cancellationToken).ConfigureAwait(false);
            return reply.TryGetProperty("model_name", out JsonElement current) && current.GetString() is { } name ? ModelRow.Short(name) : null;
        }
        catch (CommandException ex) when (ex.Status == HttpStatusCode.NotFound)
        {
            // No model that generates text is loaded.
            return null;
        }
    }

    private static async Task<IReadOnlyList<ModelRow>> LoadedAsync(NodeClient client, CancellationToken cancellationToken) =>
        ModelRow.ReadAll(await client.GetAsync("/api/ps", cancellationToken).ConfigureAwait(false));
}
