using System.Runtime.InteropServices;

namespace RkLlama.Native.Tests.Support;

/// <summary>The files that these tests read. <c>./build.sh test</c> builds or installs all of them, except for the reference data.</summary>
internal static class TestPaths
{
    internal static string Root { get; } = FindRoot();

    internal static string SimulatorSource => Path.Combine(Root, "simulator");

    internal static string DemoModel => Path.Combine(Root, "models", "demo", "demo.rkllm");

    /// <summary>The version of the simulator build to test: one per process, because a process loads one library.</summary>
    internal static string Runtime => Environment.GetEnvironmentVariable("RKLLAMA_TEST_RUNTIME") ?? "1.3.0";

    internal static string Library => Path.Combine(Simulators, Runtime, "librkllmrt.so");

    /// <summary>The simulator build of the library for the encoders of vision models.</summary>
    internal static string RknnLibrary => Path.Combine(Simulators, "rknn-2.3.2", "librknnrt.so");

    private static string Simulators =>
        Environment.GetEnvironmentVariable("RKLLAMA_TEST_SIMULATORS") ?? Path.Combine(Root, "artifacts", "simulator", RuntimeInformation.RuntimeIdentifier);

    /// <summary>The file with the measured layouts; <see langword="null"/> if it is missing.</summary>
    internal static string? AbiReference
    {
        get
        {
            string directory = Environment.GetEnvironmentVariable("RKLLAMA_REFERENCE_DATA") ?? Path.Combine(Root, "..", "shared", "reference");
            string path = Path.Combine(directory, "rkllm-abi.json");
            return File.Exists(path) ? path : null;
        }
    }

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "RkLlama.sln")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new DirectoryNotFoundException("RkLlama.sln");
    }
}

/// <summary>A theory that needs the measured layouts. Skipped if they are missing.</summary>
internal sealed class AbiReferenceTheoryAttribute : TheoryAttribute
{
    public AbiReferenceTheoryAttribute()
    {
        if (TestPaths.AbiReference is null)
            Skip = "rkllm-abi.json is missing; set RKLLAMA_REFERENCE_DATA to its directory.";
    }
}
