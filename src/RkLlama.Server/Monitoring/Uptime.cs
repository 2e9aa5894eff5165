using System.Diagnostics;

namespace RkLlama.Server.Monitoring;

/// <summary>Measures the time since the server was built.</summary>
internal sealed class Uptime
{
    private readonly long _started = Stopwatch.GetTimestamp();

    internal long Seconds => (long)Stopwatch.GetElapsedTime(_started).TotalSeconds;
}
