using System.Net.Http.Headers;
using System.Text.Json;

namespace RkLlama.Hub.Hubs;

/// <summary>Hugging Face, or a mirror with the same API. Thread-safe.</summary>
internal sealed class HuggingFaceHub(HubConnection connection, HubOptions options) : IHub
{
    // The list of a repository with thousands of files is below 4 MiB.
    private const int MaxListBytes = 32 << 20;
    private const int MaxBaseModels = 4;

    /// <inheritdoc/>
    public string Host => options.HuggingFace.Host;

    /// <inheritdoc/>
    public async Task<HubRepository> GetRepositoryAsync(string repository, string? revision, Action<string>? note, CancellationToken cancellationToken)
    {
        Uri address = At($"/api/models/{HubAddress.Quote(repository)}" + (revision is null ? "" : "/revision/" + Uri.EscapeDataString(revision)) + "?blobs=true");
        (byte[] body, HubResponse response) = await connection.ReadAsync(address, Authorize, MaxListBytes, note, cancellationToken).ConfigureAwait(false);
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement root = document.RootElement;
            return new(Text(root, "id") ?? repository, Text(root, "sha") ?? throw NotAHub(response.Address), [.. FilesOf(root)])
            {
                IsGated = root.TryGetProperty("gated", out JsonElement gated) && gated.ValueKind is JsonValueKind.String or JsonValueKind.True,
                BaseModels = BaseModelsOf(root),
            };
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw NotAHub(response.Address);
        }
    }

    /// <inheritdoc/>
    public Uri AddressOf(HubRepository repository, HubFile file) =>
        At($"/{HubAddress.Quote(repository.Name)}/resolve/{Uri.EscapeDataString(repository.Commit)}/{HubAddress.Quote(file.Path)}");

    /// <inheritdoc/>
    public void Authorize(HttpRequestMessage request)
    {
        if (options.HuggingFaceToken is { } token)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <inheritdoc/>
    public void Check(HubResponse response, HubFile file)
    {
        if (HubConnection.Header(response.First, "X-Repo-Commit") is null)
            throw NotAHub(response.Address);
        string? tag = HubConnection.Header(response.First, "X-Linked-ETag") ?? HubConnection.Header(response.First, "ETag");
        string digest = tag?.Replace("W/", "", StringComparison.Ordinal).Trim('"').ToLowerInvariant() ?? "";
        if ((digest.Length == 64 && file.Sha256 is not null && digest != file.Sha256) || (digest.Length == 40 && file.Sha256 is null && file.GitOid is not null && digest != file.GitOid))
            throw new HubException(HubError.Changed, $"{file.Path} changed on the hub");
    }

    private static IEnumerable<HubFile> FilesOf(JsonElement root)
    {
        foreach (JsonElement one in root.GetProperty("siblings").EnumerateArray())
        {
            if (Text(one, "rfilename") is not { Length: > 0 } path)
                continue;
            JsonElement lfs = one.TryGetProperty("lfs", out JsonElement value) && value.ValueKind == JsonValueKind.Object ? value : default;
            bool isLfs = lfs.ValueKind == JsonValueKind.Object;
            yield return new(path, Number(isLfs ? lfs : one, "size") ?? Number(one, "size") ?? 0)
            {
                Sha256 = isLfs ? Text(lfs, "sha256")?.ToLowerInvariant() : null,
                GitOid = isLfs ? null : Text(one, "blobId")?.ToLowerInvariant(),
            };
        }
    }

    /// <summary>Reads the base models from the card and from the tags (<c>base_model:KIND:owner/name</c>).</summary>
    private static List<string> BaseModelsOf(JsonElement root)
    {
        List<string> names = [];
        if (root.TryGetProperty("cardData", out JsonElement card) && card.ValueKind == JsonValueKind.Object && card.TryGetProperty("base_model", out JsonElement value))
        {
            if (value.ValueKind == JsonValueKind.String)
                names.Add(value.GetString()!);
            else if (value.ValueKind == JsonValueKind.Array)
                names.AddRange(value.EnumerateArray().Where(static one => one.ValueKind == JsonValueKind.String).Select(static one => one.GetString()!));
        }

        if (root.TryGetProperty("tags", out JsonElement tags) && tags.ValueKind == JsonValueKind.Array)
        {
            names.AddRange(tags.EnumerateArray().Where(static one => one.ValueKind == JsonValueKind.String).Select(static one => one.GetString()!)
                .Where(static tag => tag.StartsWith("base_model:", StringComparison.Ordinal)).Select(static tag => tag[(tag.LastIndexOf(':') + 1)..]));
        }

        return [.. names.Select(static name => name.Trim()).Where(IsRepository).Distinct(StringComparer.OrdinalIgnoreCase).Take(MaxBaseModels)];
    }

    private static bool IsRepository(string name) =>
        name.Split('/') is [{ Length: > 0 }, { Length: > 0 }] && !name.Contains("..", StringComparison.Ordinal) && !name.Any(static c => char.IsWhiteSpace(c) || char.IsControl(c));

    private static HubException NotAHub(Uri address) =>
        new(HubError.InvalidAnswer, $"{address.Host} does not answer like a hub: a proxy or a login page may be between, or HF_ENDPOINT is wrong");

    private Uri At(string path) => HubAddress.Join(options.HuggingFace, path);

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= 0 ? number : null;
}
