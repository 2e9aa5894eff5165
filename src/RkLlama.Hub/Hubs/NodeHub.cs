using System.Net.Http.Headers;
using System.Text.Json;

namespace RkLlama.Hub.Hubs;

/// <summary>Another node as the source of a model.</summary>
/// <param name="Address">The base address of the node: http or https.</param>
/// <param name="Key">The API key of the node; <see langword="null"/> if it needs none. It is sent to this address only.</param>
internal sealed record NodeSource(Uri Address, string? Key);

/// <summary>
/// An RkLlama node that shares its models (<c>--share-models</c>). A repository is a model of this node. Used for one pull, from one thread at a time.
/// </summary>
internal sealed class NodeHub(HubConnection connection, NodeSource source, TimeProvider clock) : IHub
{
    // The node answers at once, and computes missing hashes in the background: a large model takes minutes on a slow disk.
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxWait = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public string Host => source.Address.Authority;

    /// <summary>Reads the list of files of a model. Waits until the node has computed their hashes.</summary>
    /// <param name="repository">The name of the model on the node.</param>
    /// <param name="revision">Ignored: a node has one revision of a model.</param>
    /// <param name="note">Called with a sentence without a period when the node needs time, and before each further try. Must not throw.</param>
    /// <exception cref="HubException">The request failed, or the node has no such model, or does not share its models.</exception>
    public async Task<HubRepository> GetRepositoryAsync(string repository, string? revision, Action<string>? note, CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        for (bool isFirst = true; ; isFirst = false)
        {
            (HubRepository found, bool isHashing) = await ReadAsync(repository, note, cancellationToken).ConfigureAwait(false);
            if (!isHashing || clock.GetElapsedTime(start) > MaxWait)
                return found;
            if (isFirst)
                note?.Invoke($"{Host} computes the hashes of the files of {repository}");
            await Task.Delay(PollInterval, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Uri AddressOf(HubRepository repository, HubFile file) => At(repository.Name, "/" + HubAddress.Quote(file.Path));

    /// <inheritdoc/>
    public void Authorize(HttpRequestMessage request)
    {
        if (source.Key is { } key)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <inheritdoc/>
    public void Check(HubResponse response, HubFile file)
    {
        if (HubConnection.Header(response.First, "ETag") is not { } tag)
            throw NotANode();
        if (tag != file.Tag)
            throw new HubException(HubError.Changed, $"{file.Path} changed on {Host}; pull the model again");
    }

    private async Task<(HubRepository Repository, bool IsHashing)> ReadAsync(string model, Action<string>? note, CancellationToken cancellationToken)
    {
        byte[] body;
        try
        {
            (body, _) = await connection.ReadAsync(At(model, ""), Authorize, NodeFileList.MaxBytes, note, cancellationToken).ConfigureAwait(false);
        }
        catch (HubException ex) when (ex.Status is 400 or 401 or 403 or 404)
        {
            throw Explain(ex, model);
        }

        try
        {
            NodeFileList list = NodeFileList.Parse(body);
            return (new(model, list.Revision, list.Files) { ModelPath = list.ModelFile }, list.IsHashing);
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or FormatException)
        {
            throw NotANode();
        }
    }

    private HubException Explain(HubException error, string model) => error.Status switch
    {
        401 => new(HubError.TokenInvalid, $"{Host} needs an API key{(source.Key is null ? "" : ", and does not accept the one that it got")}: give its key as from_key, or with --from-key or RKLLAMA_FROM_KEY{(source.Key is null ? ". A node sends its own key only to nodes that its settings --peers and --pull name" : "")}", error),
        403 => new(HubError.Gated, $"{Host} does not share its models: start it with --share-models", error),
        404 => new(HubError.RepositoryNotFound, $"{Host} has no model '{model}', or is not a node that shares models", error),
        _ => new(HubError.FileNotFound, $"{Host} cannot share '{model}': {error.Message}", error),
    };

    private HubException NotANode() => new(HubError.InvalidAnswer, $"{Host} does not answer like an RkLlama node");

    private Uri At(string model, string path) => HubAddress.Join(source.Address, $"/models/{Uri.EscapeDataString(model)}/files{path}");
}
