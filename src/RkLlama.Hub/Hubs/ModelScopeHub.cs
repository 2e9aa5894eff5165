using System.Net.Http.Headers;
using System.Text.Json;

namespace RkLlama.Hub.Hubs;

/// <summary>ModelScope. Its default branch is <c>master</c>. Thread-safe.</summary>
internal sealed class ModelScopeHub(HubConnection connection, HubOptions options) : IHub
{
    private const string DefaultRevision = "master";
    private const int MaxListBytes = 32 << 20;

    /// <inheritdoc/>
    public string Host => options.ModelScope.Host;

    /// <inheritdoc/>
    public async Task<HubRepository> GetRepositoryAsync(string repository, string? revision, Action<string>? note, CancellationToken cancellationToken)
    {
        revision ??= DefaultRevision;
        Uri address = At($"/api/v1/models/{HubAddress.Quote(repository)}/repo/files?Revision={Uri.EscapeDataString(revision)}&Recursive=True");
        (byte[] body, HubResponse response) = await connection.ReadAsync(address, Authorize, MaxListBytes, note, cancellationToken).ConfigureAwait(false);
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return new(repository, revision, [.. FilesOf(document.RootElement.GetProperty("Data").GetProperty("Files"))]);
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new HubException(HubError.InvalidAnswer, $"{response.Address.Host} does not answer like ModelScope");
        }
    }

    /// <inheritdoc/>
    public Uri AddressOf(HubRepository repository, HubFile file) =>
        At($"/api/v1/models/{HubAddress.Quote(repository.Name)}/repo?Revision={Uri.EscapeDataString(repository.Commit)}&FilePath={Uri.EscapeDataString(file.Path)}");

    /// <inheritdoc/>
    public void Authorize(HttpRequestMessage request)
    {
        if (options.ModelScopeToken is not { } token)
            return;
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add("Cookie", "m_session_id=" + token);
    }

    /// <inheritdoc/>
    public void Check(HubResponse response, HubFile file)
    {
        if (response.MediaType == "text/html" && !file.Path.EndsWith(".html", StringComparison.OrdinalIgnoreCase))
            throw new HubException(HubError.InvalidAnswer, $"{response.Address.Host} answers with a page in place of {file.Path}");
    }

    private static IEnumerable<HubFile> FilesOf(JsonElement files)
    {
        foreach (JsonElement one in files.EnumerateArray())
        {
            if (one.GetProperty("Type").GetString() == "blob" && one.GetProperty("Path").GetString() is { Length: > 0 } path)
            {
                string? hash = one.TryGetProperty("Sha256", out JsonElement value) ? value.GetString()?.ToLowerInvariant() : null;
                yield return new(path, one.GetProperty("Size").GetInt64()) { Sha256 = hash is { Length: 64 } ? hash : null };
            }
        }
    }

    private Uri At(string path) => HubAddress.Join(options.ModelScope, path);
}
