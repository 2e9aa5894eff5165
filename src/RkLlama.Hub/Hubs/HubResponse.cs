using System.Net.Http.Headers;

namespace RkLlama.Hub.Hubs;

/// <summary>A successful answer. The caller disposes it.</summary>
/// <param name="first">The headers of the first answer, which may be a redirect.</param>
/// <param name="address">The address after all redirects.</param>
internal sealed class HubResponse(HttpResponseMessage message, HttpResponseHeaders first, Uri address) : IDisposable
{
    /// <summary>The headers of the first answer. Hugging Face describes the file there, and not in the answer of the host that it redirects to.</summary>
    internal HttpResponseHeaders First => first;

    /// <summary>The address after all redirects.</summary>
    internal Uri Address => address;

    /// <summary>Whether the answer is a part of the file, and not the whole file.</summary>
    internal bool IsPartial => message.StatusCode == System.Net.HttpStatusCode.PartialContent;

    /// <summary>The part of the file; <see langword="null"/> if the answer does not say.</summary>
    internal ContentRangeHeaderValue? Range => message.Content.Headers.ContentRange;

    /// <summary>The length of the body in bytes; <see langword="null"/> if unknown.</summary>
    internal long? Length => message.Content.Headers.ContentLength;

    /// <summary>The type of the body, for example <c>text/html</c>; <see langword="null"/> if unknown.</summary>
    internal string? MediaType => message.Content.Headers.ContentType?.MediaType;

    /// <summary>Opens the body. Reads fail with a transient <see cref="HubException"/> if no byte comes for a time, or if the connection breaks.</summary>
    internal async Task<Stream> OpenAsync(TimeSpan stallTimeout, TimeProvider clock, CancellationToken cancellationToken) =>
        new StallGuardStream(await message.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), address, stallTimeout, clock);

    /// <inheritdoc/>
    public void Dispose() => message.Dispose();
}
