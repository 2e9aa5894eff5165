using System.Globalization;
using RkLlama.Engine.Configuration;

namespace RkLlama.Server.Connections;

/// <summary>
/// Lowers the maximum number of connections at the start if the process may not open enough files (RLIMIT_NOFILE) for them. Otherwise the connections of one
/// client could use all files, and no health check could connect.
/// </summary>
internal static partial class FileLimit
{
    // Files that the server has open besides its connections: libraries, pipes of workers, files that it reads.
    private const int OtherFiles = 128;

    /// <summary>Returns the options with as many connections as there are files for. They are unchanged if the limit is high enough or cannot be read.</summary>
    internal static NodeOptions Fit(NodeOptions options)
    {
        if (ReadFiles(options) is not { } limit || limit >= Needed(options))
            return options;
        int connections = (int)Math.Max(2, limit - Math.Min(OtherFiles, limit / 2));
        int reserved = Math.Min(options.ReservedConnections, Math.Max(1, connections / 4));
        return options with { MaxConnections = Math.Min(options.MaxConnections, connections - reserved), ReservedConnections = reserved };
    }

    /// <summary>Logs a warning if the limit is below the number that the settings need.</summary>
    /// <param name="options">The options before <see cref="Fit"/>.</param>
    internal static void Check(NodeOptions options, ILogger logger)
    {
        if (ReadFiles(options) is { } limit && limit < Needed(options))
            Log.TooLow(logger, limit, options.MaxConnections, Needed(options), Fit(options).MaxConnections);
    }

    private static int Needed(NodeOptions options) => options.MaxConnections + options.ReservedConnections + OtherFiles;

    private static long? ReadFiles(NodeOptions options) => Read(options, "Max open files");

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
            Message = "The process may open {Limit} files, and {Connections} connections need {Needed}. It accepts {Accepted} connections: raise the limit (LimitNOFILE= in the unit, or ulimit -n), or lower --max-connections")]
        internal static partial void TooLow(ILogger logger, long limit, int connections, int needed, int accepted);
    }
}
