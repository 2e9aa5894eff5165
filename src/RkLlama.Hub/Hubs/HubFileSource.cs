namespace RkLlama.Hub.Hubs;

/// <summary>
/// A file of a hub that is read in parts. Remembers the address that the hub redirects to, and asks the hub again when this has expired. Thread-safe.
/// </summary>
internal sealed class HubFileSource(HubConnection connection, IHub hub, HubRepository repository, HubFile file) : IFileSource
{
    // The address after the redirects of the hub, with a signature that expires after an hour or so. Null before the first answer.
    private volatile Uri? _resolved;

    /// <inheritdoc/>
    public HubFile File => file;

    /// <summary>Requests a part of the file. The caller disposes the answer, which may be the whole file.</summary>
    /// <param name="range">The first and the last byte; <see langword="null"/> for the whole file.</param>
    /// <exception cref="HubException">The request failed, or the file changed on the hub.</exception>
    internal async Task<HubResponse> OpenAsync((long From, long To)? range, CancellationToken cancellationToken)
    {
        if (_resolved is { } known)
        {
            try
            {
                return await connection.GetAsync(known, null, range, cancellationToken).ConfigureAwait(false);
            }
            catch (HubException ex) when (IsExpired(ex) || ex.Error is HubError.FileNotFound or HubError.RepositoryNotFound or HubError.Gated)
            {
                _resolved = null;
            }
        }

        Uri address = hub.AddressOf(repository, file);
        HubResponse response;
        try
        {
            response = await connection.GetAsync(address, hub.Authorize, range, cancellationToken).ConfigureAwait(false);
        }
        catch (HubException ex) when (IsExpired(ex))
        {
            // The signature expired between the redirect and its use. A second refusal is the answer.
            response = await connection.GetAsync(address, hub.Authorize, range, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            hub.Check(response, file);
        }
        catch
        {
            response.Dispose();
            throw;
        }

        // Requests to the hub itself need its token, so only addresses of other hosts are kept.
        if (response.Address.Authority != address.Authority)
            _resolved = response.Address;
        return response;
    }

    private static bool IsExpired(HubException error) => error is { Status: 403, Error: HubError.InvalidAnswer };
}
