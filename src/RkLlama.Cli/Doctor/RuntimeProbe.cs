using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Workers;
using RkLlama.Engine.Workers.Protocol;
using RkLlama.Engine.Workers.Server;
using RkLlama.Native;

namespace RkLlama.Cli.Doctor;

/// <summary>The result of opening and identifying the vendor library.</summary>
/// <param name="Info">The identified library; <see langword="null"/> after a failure.</param>
/// <param name="Fault">Why the library could not be opened or identified, as one sentence; <see langword="null"/> on success.</param>
/// <param name="Code">The cause of the failure; <see langword="null"/> on success or if the cause is unknown.</param>
internal sealed record RuntimeProbeResult(RuntimeInfo? Info, string? Fault, FailureCode? Code = null);

/// <summary>The result of the search for the node's vendor library and of opening it.</summary>
/// <param name="Path">The path of the library; <see langword="null"/> if it was not found.</param>
/// <param name="Tried">The paths that were tried, in order.</param>
/// <param name="Result">The result of opening the library; <see langword="null"/> if it was not found.</param>
internal sealed record RuntimeProbe(string? Path, IReadOnlyList<string> Tried, RuntimeProbeResult? Result)
{
    internal static RuntimeProbe Run(NodeSnapshot node)
    {
        RkllmLibrarySearch search = RkllmLibrarySearch.Run(node.Settings.LibraryPath, node.Home, node.Root);
        return new(search.Path, search.Tried, search.Path is { } path ? node.IdentifyLibrary(node, path) : null);
    }

    /// <summary>Opens the library of the encoders in a worker process.</summary>
    /// <exception cref="EngineException">The library cannot be used.</exception>
    internal static EncoderLibraryInfo IdentifyRknn(NodeSnapshot node, string path) => Engine(node).IdentifyEncoderAsync(path).GetAwaiter().GetResult();

    /// <summary>Opens the library in a worker process, as the server does, so that a crash of the library does not end this process.</summary>
    internal static RuntimeProbeResult Identify(NodeSnapshot node, string path)
    {
        try
        {
            return new(Engine(node).IdentifyAsync(path).GetAwaiter().GetResult(), null);
        }
        catch (EngineException ex)
        {
            return new(null, ex.Message, ex.Code);
        }
    }

    private static WorkerEngine Engine(NodeSnapshot node) =>
        new(node.Settings, null, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
}
