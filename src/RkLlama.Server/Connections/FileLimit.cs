using System.Globalization;
using RkLlama.Engine.Configuration;

namespace RkLlama.Server.Connections;

/// <summary>Warns at the start if the process may not open enough files (RLIMIT_NOFILE) for its connections.</summary>
internal static partial class FileLimit
{
    // Files that the server has open besides its connections: libraries, pipes of workers, files that it reads.
    private const int OtherFiles = 128;

    /// <summary>Logs a warning if the limit is below the number that the settings need. Does nothing if the limit cannot be read.</summary>
    internal static void Check(NodeOptions options, ILogger logger)
    {
        int needed = options.MaxConnections + ConnectionLimiter.Reserve + OtherFiles;
        if (Read(options, "Max open files") is { } limit && limit < needed)
            Log.TooLow(logger, limit, options.MaxConnections, needed);
    }

    /// <summary>Returns a soft limit of the process; null if there is none or it cannot be read.</summary>
    /// <param name="name">The name of the limit in <c>/proc/self/limits</c>.</param>
    internal static long? Read(NodeOptions options, string name)
    {
        try
        {
            string? line = File.ReadLines(Path.Combine(options.SysfsRoot, "proc/self/limits")).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
            string? soft = line?[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? limit : null;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1,
            Level = LogLevel.Warning,
            Message = "The process may open {Limit} files, and {Connections} connections need {Needed}: raise the limit (LimitNOFILE= in the unit, or ulimit -n), or lower --max-connections")]
        internal static partial void TooLow(ILogger logger, long limit, int connections, int needed);
    }
}
