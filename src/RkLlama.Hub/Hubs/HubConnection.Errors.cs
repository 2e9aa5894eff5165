using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace RkLlama.Hub.Hubs;

/// <content>Turns answers that are errors into exceptions for the user.</content>
internal sealed partial class HubConnection
{
    private const int MaxErrorBytes = 2048;

    [GeneratedRegex("""(?:^|;)\s*t=(?<s>\d{1,6})""", RegexOptions.CultureInvariant)]
    private static partial Regex RateLimitReset { get; }

    [GeneratedRegex("(?:/api/(?:v1/)?models/(?<r>[^/]+/[^/]+)|^/(?<r>[^/]+/[^/]+)/(?:resolve|raw)/)", RegexOptions.CultureInvariant)]
    private static partial Regex RepositoryPath { get; }

    [GeneratedRegex("""<(?:Code|Message)>(?<v>[^<]*)</""", RegexOptions.CultureInvariant)]
    private static partial Regex XmlError { get; }

    private async Task<HubException> ErrorOfAsync(HttpResponseMessage response, Uri asked, Uri address, CancellationToken cancellationToken)
    {
        string host = address.Host;
        int status = (int)response.StatusCode;
        string text = await ErrorTextAsync(response, cancellationToken).ConfigureAwait(false);
        string? code = Header(response.Headers, "X-Error-Code");
        bool isHub = SameOrigin(asked, address);
        bool isModelScope = SameOrigin(asked, _options.ModelScope);
        string token = isModelScope ? "MODELSCOPE_API_TOKEN of the server" : HubEnvironment.TokenPlaces, setToken = isModelScope ? "set MODELSCOPE_API_TOKEN of the server" : HubEnvironment.SetToken;
        switch (status)
        {
            case 401 or 403 when isHub && code == "GatedRepo":
                return new(HubError.Gated, status == 401
                    ? $"the repository is gated: ask for access on {PageOf(asked)}, then {setToken}"
                    : $"the repository is gated, and the account of the token has no access: ask for it on {PageOf(asked)}");
            case 401 when isHub && text.Contains("Invalid credentials", StringComparison.OrdinalIgnoreCase):
                return new(HubError.TokenInvalid, $"{host} does not accept the token: check {token}") { Status = status };
            case 401 or 404 when isHub && code is "RepoNotFound" or null && (status == 401 || code is not null || !asked.AbsolutePath.Contains("/resolve/", StringComparison.Ordinal)):
                return new(HubError.RepositoryNotFound, $"{host} has no such repository{(RepositoryOf(asked) is { } name ? $" ({name})" : "")}, or it is private: check the name, or {setToken}") { Status = status };
            case 404 when code == "RevisionNotFound":
                return new(HubError.RevisionNotFound, "the repository has no such revision");
            case 404:
                return new(HubError.FileNotFound, "the repository has no such file") { Status = status };
            case 429:
                TimeSpan? wait = RetryAfter(response.Headers);
                return new(HubError.RateLimited, $"{host} allows no more requests for now{(wait is { TotalSeconds: > 0 } time ? $" (it asks to wait {TextOf(time)})" : "")}; with a token it allows more: {setToken}") { RetryAfter = wait };
            case 408 or >= 500:
                return new(HubError.Unreachable, $"{host} answers with status {status}");
            case 416:
                return new(HubError.Changed, $"{host} has less bytes than it promises");
            default:
                return new(HubError.InvalidAnswer, $"{host} answers with status {status}{(text.Length > 0 ? ": " + text : "")}") { Status = status };
        }
    }

    /// <summary>Reads the reason of an error: at most 200 characters of a text, the code and the message of an XML document of a storage host, nothing of a page.</summary>
    private static async Task<string> ErrorTextAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (Header(response.Headers, "X-Error-Message") is { } message)
            return message;
        try
        {
            using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timeout.CancelAfter(TimeSpan.FromSeconds(2));
            using Stream body = await response.Content.ReadAsStreamAsync(timeout.Token).ConfigureAwait(false);
            byte[] buffer = new byte[MaxErrorBytes];
            int length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, timeout.Token).ConfigureAwait(false);
            string text = System.Text.Encoding.UTF8.GetString(buffer, 0, length).Trim();
            if (text.StartsWith('<'))
                return string.Join(": ", XmlError.Matches(text).Select(static match => WebUtility.HtmlDecode(match.Groups["v"].Value).Trim()).Where(static part => part.Length > 0).Take(2)) is { Length: > 0 } words ? Excerpt(words) : "";
            return Excerpt(text);
        }
        catch (Exception ex) when (ex is IOException or HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return "";
        }
    }

    private static string Excerpt(string text)
    {
        text = string.Concat(text.Select(static c => char.IsControl(c) ? ' ' : c));
        return text.Length > 200 ? text[..200] + "…" : text;
    }

    private TimeSpan? RetryAfter(HttpResponseHeaders headers)
    {
        if (Header(headers, "RateLimit") is { } limit && RateLimitReset.Match(limit) is { Success: true } match)
            return TimeSpan.FromSeconds(int.Parse(match.Groups["s"].Value, CultureInfo.InvariantCulture));
        return headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - (headers.Date ?? _clock.GetUtcNow()) is var wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero,
            _ => null,
        };
    }

    /// <summary>Returns the page of the repository that an address belongs to.</summary>
    private static string PageOf(Uri asked) => asked.GetLeftPart(UriPartial.Authority) + "/" + RepositoryOf(asked);

    /// <summary>Returns the repository of an address of a hub; <see langword="null"/> if it has none.</summary>
    private static string? RepositoryOf(Uri asked)
    {
        Match match = RepositoryPath.Match(asked.AbsolutePath);
        return match.Success ? Uri.UnescapeDataString(match.Groups["r"].Value) : null;
    }

    private static string TextOf(TimeSpan wait) => wait.TotalMinutes < 2 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(wait.TotalSeconds):0} s")
        : wait.TotalHours < 2 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(wait.TotalMinutes):0} min")
        : string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(wait.TotalHours):0} h");
}
