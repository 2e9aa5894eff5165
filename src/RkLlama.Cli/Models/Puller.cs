using System.Text.Json;
using RkLlama.Cli.Terminal;
using RkLlama.Cli.Terminal.Progress;

namespace RkLlama.Cli.Models;

/// <summary>Makes the node download a model, and shows the progress on stderr.</summary>
internal sealed class Puller(NodeClient client, Func<IProgressDisplay> display)
{
    // The time between two requests while the node does not answer.
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    // If the node stops again and again, the download may be the reason.
    private const int MaxLosses = 10;

    /// <summary>How long the command waits for a node that stopped during the download, for example to start again.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Creates the display of this process: bars on a terminal, else lines.</summary>
    internal static IProgressDisplay Display() => TerminalFeatures.HasBars
        ? new BarDisplay(Console.Error, static () => (TerminalFeatures.Width, TerminalFeatures.Height), TimeProvider.System)
        : new LineDisplay(Console.Error, TimeProvider.System);

    /// <summary>Downloads a model.</summary>
    /// <exception cref="CommandException">The download failed.</exception>
    internal Task<Pulled> PullAsync(string model, CancellationToken cancellationToken) => PullAsync(new PullBody(model), cancellationToken);

    /// <inheritdoc cref="PullAsync(string, CancellationToken)"/>
    internal async Task<Pulled> PullAsync(PullBody body, CancellationToken cancellationToken)
    {
        (string? named, string? sentence) = await ContinueAsync(body, cancellationToken).ConfigureAwait(false);

        // An older node does not say which name the model has.
        string name = ModelRow.Short(named ?? body.ModelName ?? body.Model);
        ModelRow? row = (await ListAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(row => row.ShortName == name);
        return new(name, row?.Size, sentence);
    }

    /// <summary>Sends the request again if the connection is lost after the first line: the node continues the download.</summary>
    private async Task<(string? Model, string? Sentence)> ContinueAsync(PullBody body, CancellationToken cancellationToken)
    {
        CommandException? lost = null;
        long lostAt = 0;
        for (int losses = 0; ;)
        {
            bool hasAnswered = false;
            try
            {
                return await ShowAsync(LinesAsync()).ConfigureAwait(false);
            }
            catch (CommandException ex) when (ex.IsUnreachable && (hasAnswered || lost is not null) && Patience > TimeSpan.Zero && losses < MaxLosses)
            {
                if (hasAnswered || lost is null)
                {
                    (lost, lostAt) = (ex, TimeProvider.System.GetTimestamp());
                    losses++;
                    using IProgressDisplay notice = display();
                    notice.ShowStatus($"the connection to the node was lost; trying for {Patience.TotalSeconds:0} s to continue the download");
                }
                else if (TimeProvider.System.GetElapsedTime(lostAt) > Patience)
                {
                    throw lost;
                }

                await Task.Delay(RetryInterval, cancellationToken).ConfigureAwait(false);
            }

            async IAsyncEnumerable<JsonElement> LinesAsync()
            {
                await foreach (JsonElement line in client.StreamAsync(NodeClient.PullPath, body, ModelJson.Default.PullBody, cancellationToken).ConfigureAwait(false))
                {
                    hasAnswered = true;
                    yield return line;
                }
            }
        }
    }

    /// <summary>Shows the lines of <c>/api/pull</c> or <c>/api/create</c> until <c>success</c>.</summary>
    /// <returns>The name of the model on the node, and the sentence about a model that was already there; <see langword="null"/> if the node does not say them.</returns>
    /// <exception cref="CommandException">A line is an error, or the lines end without <c>success</c>.</exception>
    internal async Task<(string? Model, string? Sentence)> ShowAsync(IAsyncEnumerable<JsonElement> lines)
    {
        bool isDone = false;
        (string? model, string? sentence) = (null, null);
        using (IProgressDisplay progress = display())
        {
            await foreach (JsonElement line in lines.ConfigureAwait(false))
            {
                string status = line.TryGetProperty("status", out JsonElement text) ? text.ToString() : "";
                isDone = status == "success";
                model = line.TryGetProperty("model", out JsonElement name) ? name.ToString() : model;
                if (Number(line, "size") is > 0 and var size)
                {
                    progress.ShowStatus(status);
                    progress.ShowStatus($"downloading {Words.Size(size)}");
                }
                else if (Number(line, "total") is > 0 and var total)
                    progress.ShowTransfer(line.TryGetProperty("digest", out JsonElement digest) ? digest.ToString() : status, status, Number(line, "completed"), total);
                else if (name.ValueKind == JsonValueKind.String)
                    sentence = status;
                else if (!isDone)
                    progress.ShowStatus(status);
            }
        }

        return isDone ? (model, sentence) : throw new CommandException("the node ended the work without a result: look into its log");
    }

    private static long Number(JsonElement line, string name) => line.TryGetProperty(name, out JsonElement number) && number.TryGetInt64(out long value) ? value : 0;

    private async Task<IReadOnlyList<ModelRow>> ListAsync(CancellationToken cancellationToken) =>
        ModelRow.ReadAll(await client.GetAsync("/api/tags", cancellationToken).ConfigureAwait(false));
}

/// <summary>A model that a pull has brought, or that was already there.</summary>
/// <param name="Name">The name on the node.</param>
/// <param name="Size">The size of its file in bytes; <see langword="null"/> if the node does not list the model.</param>
/// <param name="Sentence">What the node says about a model that was already there; <see langword="null"/> if the model is new.</param>
internal sealed record Pulled(string Name, long? Size, string? Sentence)
{
    /// <inheritdoc/>
    public override string ToString() =>
        (Sentence ?? (Size is { } size ? $"'{Name}' is ready ({Words.Size(size)})" : $"'{Name}' is ready")) + (Sentence?.Contains("rkllama ", StringComparison.Ordinal) == true ? "" : $": rkllama run {Words.Quote(Name)}");
}
