using System.Net;
using System.Text.Json;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Cli.Doctor;

/// <summary>What the running server says of itself.</summary>
internal static class ServerState
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The line about a port that is the server's.</summary>
    internal static Finding Look(Patient patient)
    {
        int port = patient.Settings.Port;
        if (Parse(patient.Health(patient)) is not { } health)
            return Finding.Failure(CheckIds.Server, $"the server listens on {port} and does not answer", "journalctl -u rkllama -n 50; systemctl restart rkllama");

        string fault = health.LastFault is { } last ? $"; its last fault, at {last.At:u}: {last.Model}: {last.Reason.TrimEnd('.')}" : "";
        return health.State switch
        {
            "stuck" => Finding.Failure(CheckIds.Server, $"the server's worker is stuck in the driver{fault}", "reboot the board"),
            "failed" => Finding.Failure(CheckIds.Server, $"the server has given its model up{fault}", "load it again; if it fails again, another version of the library"),
            _ => Finding.Ok(CheckIds.Port, $"the server listens on {port}{fault}"),
        };
    }

    /// <summary>Asks the server of this node.</summary>
    internal static string? Ask(Patient patient)
    {
        IPAddress address = patient.Settings.Host is { } host && !host.Equals(IPAddress.Any) && !host.Equals(IPAddress.IPv6Any) ? host : IPAddress.Loopback;
        using HttpClient client = new() { Timeout = Patience };
        try
        {
            return client.GetStringAsync(new UriBuilder("http", address.ToString(), patient.Settings.Port, "/health").Uri).GetAwaiter().GetResult();
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
