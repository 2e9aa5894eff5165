using System.Diagnostics;
using System.Net;
using RkLlama.Engine.Generation;

namespace RkLlama.Server.Monitoring;

/// <summary>A request whose response has not ended. Immutable, except for its trace.</summary>
/// <param name="trace">The progress of the request.</param>
/// <param name="api">Name of its API.</param>
/// <param name="path">Path of its address.</param>
/// <param name="client">Address of the client, or of the proxy before it; <see langword="null"/> if unknown.</param>
/// <param name="forwardedFor">The address that a proxy gives for its client, which may be wrong; <see langword="null"/> if there is none.</param>
/// <param name="started">When the request arrived.</param>
internal sealed class ActiveRequest(RequestTrace trace, string api, string path, string? client, string? forwardedFor, DateTimeOffset started)
{
    private readonly long _arrival = Stopwatch.GetTimestamp();

    internal RequestTrace Trace => trace;

    internal string Api => api;

    internal string Path => path;

    internal string? Client => client;

    internal string? ForwardedFor => forwardedFor;

    internal DateTimeOffset Started => started;

    /// <summary>Time since the arrival of the request.</summary>
    internal TimeSpan Elapsed => Stopwatch.GetElapsedTime(_arrival);

    /// <summary>TTFT: time from the arrival of the request to its first token; <see langword="null"/> before that.</summary>
    internal TimeSpan? ToFirstToken => trace.FirstToken is not 0 and var first ? Stopwatch.GetElapsedTime(_arrival, Math.Max(_arrival, first)) : null;

    internal static ActiveRequest Of(HttpContext context, RequestTrace trace, string api, DateTimeOffset now) => new(
        trace, api, context.Request.Path.Value ?? "", Plain(context.Connection.RemoteIpAddress), ForwardedOf(context.Request.Headers["X-Forwarded-For"].ToString()), now);

    /// <summary>Returns the first address of the header. Text that is no address is not shown.</summary>
    private static string? ForwardedOf(string header) =>
        header.Length > 0 && IPAddress.TryParse(header.AsSpan(0, header.IndexOf(',', StringComparison.Ordinal) is >= 0 and var end ? end : header.Length).Trim(), out IPAddress? address)
            ? Plain(address)
            : null;

    private static string? Plain(IPAddress? address) => (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString();
}
