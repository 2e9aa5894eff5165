using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RkLlama.Cli.Move;

/// <summary><c>rkllama mv</c>: renames a model on a running server.</summary>
internal static class MoveCommand
{
    internal static Command Create(NodeArguments node, Argument<string> source)
    {
        Argument<string> destination = new("new") { Description = "New name of the model" };
        return CommandAction.Create("mv", "Rename a model.", node, [source, destination], async (result, client, cancellationToken) =>
        {
            await RenameAsync(client, new(result.GetValue(source)!, result.GetValue(destination)!), cancellationToken).ConfigureAwait(false);
            return 0;
        });
    }

    /// <exception cref="CommandException">The model was not renamed, or the response is not that of RkLlama.</exception>
    private static async Task RenameAsync(NodeClient node, MoveBody body, CancellationToken cancellationToken)
    {
        JsonElement reply = await node.PostAsync("/api/rename", body, MoveJson.Default.MoveBody, cancellationToken).ConfigureAwait(false);
        try
        {
            string note = reply.GetProperty("unloaded").GetBoolean() ? "; it was unloaded, and the next request loads it again" : "";
            await Console.Out.WriteLineAsync($"{body.Source} is now {reply.GetProperty("model").GetString()}{note}").ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is KeyNotFoundException or InvalidOperationException)
        {
            throw new CommandException("the response to /api/rename is not that of RkLlama");
        }
    }
}

/// <summary>Body of <c>POST /api/rename</c>.</summary>
internal sealed record MoveBody(string Source, string Destination);

/// <summary>JSON metadata of the request.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MoveBody))]
internal sealed partial class MoveJson : JsonSerializerContext;
