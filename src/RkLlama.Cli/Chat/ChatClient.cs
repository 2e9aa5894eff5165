using System.Text;
using System.Text.Json;

namespace RkLlama.Cli.Chat;

/// <summary>An answer that is complete, or that the user has ended.</summary>
/// <param name="Content">The text, without the thoughts.</param>
/// <param name="Last">The last line, with the statistics; <see langword="null"/> if the user has ended the answer.</param>
internal sealed record Answer(string Content, JsonElement? Last);

/// <summary>Asks the node for an answer and prints it as it arrives.</summary>
internal sealed class ChatClient(NodeClient client)
{
    /// <summary>The fields of the last request that the node has ignored; <see langword="null"/> if there were none.</summary>
    internal string? Ignored => client.Ignored;

    /// <param name="cancellationToken">Ends the answer. The part that has arrived is returned.</param>
    /// <exception cref="CommandException">The node refused the request, or the answer failed. The printer has printed the text before the failure.</exception>
    internal async Task<Answer> AskAsync(ChatBody body, AnswerPrinter printer, CancellationToken cancellationToken)
    {
        StringBuilder content = new();
        JsonElement? last = null;
        try
        {
            await foreach (JsonElement line in client.StreamAsync("/api/chat", body, ChatJson.Default.ChatBody, cancellationToken).ConfigureAwait(false))
            {
                if (line.TryGetProperty("message", out JsonElement message))
                {
                    printer.Thinking(Text(message, "thinking"));
                    content.Append(Text(message, "content"));
                    printer.Content(Text(message, "content"));
                }

                if (line.TryGetProperty("done", out JsonElement done) && done.ValueKind == JsonValueKind.True)
                    last = line;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new(content.ToString(), null);
        }

        return last is null ? throw new CommandException("the answer is not complete, because the connection ended: the log of the node has the reason") : new(content.ToString(), last);
    }

    private static string Text(JsonElement message, string name) =>
        message.ValueKind == JsonValueKind.Object && message.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";
}
