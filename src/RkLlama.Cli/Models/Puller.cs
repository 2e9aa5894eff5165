using System.Text.Json;
using RkLlama.Cli.Terminal;
using RkLlama.Cli.Terminal.Progress;

namespace RkLlama.Cli.Models;

/// <summary>Makes the node download a model, and shows the progress on stderr.</summary>
internal sealed class Puller(NodeClient client, Func<IProgressDisplay> display)
{
    /// <summary>Creates the display of this process: bars on a terminal, else lines.</summary>
    internal static IProgressDisplay Display() => TerminalFeatures.HasBars
        ? new BarDisplay(Console.Error, static () => (TerminalFeatures.Width, TerminalFeatures.Height), TimeProvider.System)
        : new LineDisplay(Console.Error, TimeProvider.System);

    /// <summary>Downloads a model.</summary>
    /// <returns>The models that the node has now and did not have before, or the model of this name.</returns>
    /// <exception cref="CommandException">The download failed.</exception>
    internal Task<IReadOnlyList<ModelRow>> PullAsync(string model, CancellationToken cancellationToken) => PullAsync(new PullBody(model), cancellationToken);

    /// <inheritdoc cref="PullAsync(string, CancellationToken)"/>
    internal async Task<IReadOnlyList<ModelRow>> PullAsync(PullBody body, CancellationToken cancellationToken)
    {
        HashSet<string> before = [.. (await ListAsync(cancellationToken).ConfigureAwait(false)).Select(static row => row.Name)];
        await ShowAsync(client.StreamAsync("/api/pull", body, ModelJson.Default.PullBody, cancellationToken)).ConfigureAwait(false);
        IReadOnlyList<ModelRow> after = await ListAsync(cancellationToken).ConfigureAwait(false);
        ModelRow[] named = [.. after.Where(row => row.ShortName == ModelRow.Short(body.ModelName ?? body.Model))];
        return named.Length > 0 ? named : [.. after.Where(row => !before.Contains(row.Name))];
    }

    /// <summary>Shows the lines of <c>/api/pull</c> or <c>/api/create</c> until <c>success</c>.</summary>
    /// <exception cref="CommandException">A line is an error, or the lines end without <c>success</c>.</exception>
    internal async Task ShowAsync(IAsyncEnumerable<JsonElement> lines)
    {
        bool isDone = false;
        using (IProgressDisplay progress = display())
        {
            await foreach (JsonElement line in lines.ConfigureAwait(false))
            {
                string status = line.TryGetProperty("status", out JsonElement text) ? text.ToString() : "";
                isDone = status == "success";
                if (Number(line, "size") is > 0 and var size)
                {
                    progress.ShowStatus(status);
                    progress.ShowStatus($"downloading {Words.Size(size)}");
                }
                else if (Number(line, "total") is > 0 and var total)
                    progress.ShowTransfer(line.TryGetProperty("digest", out JsonElement digest) ? digest.ToString() : status, status, Number(line, "completed"), total);
                else if (!isDone)
                    progress.ShowStatus(status);
            }
        }

        if (!isDone)
            throw new CommandException("the node ended the work without a result: look into its log");
    }

    private static long Number(JsonElement line, string name) => line.TryGetProperty(name, out JsonElement number) && number.TryGetInt64(out long value) ? value : 0;

    private async Task<IReadOnlyList<ModelRow>> ListAsync(CancellationToken cancellationToken) =>
        ModelRow.ReadAll(await client.GetAsync("/api/tags", cancellationToken).ConfigureAwait(false));
}
