namespace RkLlama.Hub.Hubs;

/// <summary>A place that has repositories of models. Implementations are thread-safe.</summary>
internal interface IHub
{
    /// <summary>The host, for messages.</summary>
    string Host { get; }

    /// <summary>Reads the list of files of a repository.</summary>
    /// <param name="repository">The repository, <c>owner/name</c>.</param>
    /// <param name="revision">The revision; <see langword="null"/> for the default branch.</param>
    /// <param name="note">Called with a sentence without a period before each further try; <see langword="null"/> for no sentences. Must not throw.</param>
    /// <exception cref="HubException">The request failed.</exception>
    Task<HubRepository> GetRepositoryAsync(string repository, string? revision, Action<string>? note, CancellationToken cancellationToken);

    /// <summary>Returns the address of a file.</summary>
    Uri AddressOf(HubRepository repository, HubFile file);

    /// <summary>Adds the token of this hub to a request, if there is one.</summary>
    void Authorize(HttpRequestMessage request);

    /// <summary>Checks that an answer for <see cref="AddressOf"/> is the file that the list of files describes.</summary>
    /// <exception cref="HubException">The file changed on the hub, or the answer is not that of a hub.</exception>
    void Check(HubResponse response, HubFile file);
}
