using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Workers;
using RkLlama.Engine.Workers.Protocol;
using RkLlama.Engine.Workers.Server;
using RkLlama.Native;

namespace RkLlama.Cli.Doctor;

/// <summary>What came of opening the vendor's library.</summary>
/// <param name="Info">What it is.</param>
/// <param name="Fault">Why it is not known.</param>
/// <param name="Code">The cause, if it is known.</param>
internal sealed record RuntimeAnswer(RuntimeInfo? Info, string? Fault, FailureCode? Code = null);

/// <summary>The vendor's library on this node.</summary>
/// <param name="Path">Where it is; <see langword="null"/> where it is not.</param>
/// <param name="Tried">Where it was looked for.</param>
/// <param name="Answer">What it is; <see langword="null"/> without a path.</param>
internal sealed record RuntimeFound(string? Path, IReadOnlyList<string> Tried, RuntimeAnswer? Answer)
{
    internal static RuntimeFound Look(Patient patient)
    {
        RkllmLibrarySearch search = RkllmLibrarySearch.Run(patient.Settings.Library, patient.Home, patient.Root);
        return new(search.Path, search.Tried, search.Path is { } path ? patient.Probe(patient, path) : null);
    }

    /// <summary>Opens the library as the server would: in a worker, whose crash is an answer like any other.</summary>
    internal static RuntimeAnswer Probe(Patient patient, string path)
    {
        WorkerEngine engine = new(patient.Settings, null, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        try
        {
            return new(engine.IdentifyAsync(path).GetAwaiter().GetResult(), null);
        }
        catch (EngineException ex)
        {
            return new(null, ex.Message, ex.Code);
        }
    }
}
