using System.Net;
using System.Text.Json;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Cli.Doctor;

/// <summary>Checks the state that the running server reports in <c>GET /health</c>.</summary>
internal static class ServerHealthCheck
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>Checks the server that listens on the port that the settings name.</summary>
    internal static Finding Check(NodeSnapshot node)
    {
        int port = node.Settings.Port;
        if (Parse(node.Health(node)) is not { } health)
            return Finding.Failure(CheckIds.Server, $"the server listens on {port} and does not answer", "journalctl -u rkllama -n 50; systemctl restart rkllama");

        string fault = health.LastFault is { } last ? $"; its last fault, at {last.At:u}: {last.Model}: {last.Reason.TrimEnd('.')}" : "";
        return health.State switch
        {
            "stuck" => Finding.Failure(CheckIds.Server, $"the server's worker is stuck in the driver{fault}", "reboot the board"),
            "failed" => Finding.Failure(CheckIds.Server, $"the server's model has failed{fault}", "load it again; if it fails again, install another version of the library"),
            _ => Finding.Ok(CheckIds.Port, $"the server listens on {port}{fault}"),
        };
    }

    /// <summary>Sends <c>GET /health</c> to the server of this node and waits up to 5 s.</summary>
    /// <returns>The body of the response; <see langword="null"/> if the server does not respond or responds with an error.</returns>
    internal static string? QueryHealth(NodeSnapshot node)
    {
        IPAddress address = node.Settings.Host is { } host && !host.Equals(IPAddress.Any) && !host.Equals(IPAddress.IPv6Any) ? host : IPAddress.Loopback;
        using HttpClient client = new() { Timeout = Timeout };
        try
        {
            return client.GetStringAsync(new UriBuilder("http", address.ToString(), node.Settings.Port, "/health").Uri).GetAwaiter().GetResult();
        }
        catch (Exception ex) when (ex is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    private static HealthReply? Parse(string? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, StatusJson.Wire.HealthReply);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
