using System.Runtime.InteropServices;

namespace RkLlama.Native.Tests.Support;

/// <summary>What these tests read. <c>./build.sh test</c> makes or installs all of it but the reference data.</summary>
internal static class TestPaths
{
    internal static string Root { get; } = FindRoot();

    internal static string SimulatorSource => Path.Combine(Root, "simulator");

    internal static string DemoModel => Path.Combine(Root, "models", "demo", "demo.rkllm");

    /// <summary>The simulator build this run is about: one per process, since a process drives one library.</summary>
    internal static string Runtime => Environment.GetEnvironmentVariable("RKLLAMA_TEST_RUNTIME") ?? "1.3.0";

    internal static string Library => Path.Combine(
        Environment.GetEnvironmentVariable("RKLLAMA_TEST_SIMULATORS") ?? Path.Combine(Root, "artifacts", "simulator", RuntimeInformation.RuntimeIdentifier),
        Runtime,
        "librkllmrt.so");

    /// <summary>The measured layouts, or <see langword="null"/> where they are not at hand.</summary>
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

/// <summary>A test over the measured layouts; skipped where they are not at hand.</summary>
internal sealed class AbiReferenceTheoryAttribute : TheoryAttribute
{
    public AbiReferenceTheoryAttribute()
    {
        if (TestPaths.AbiReference is null)
            Skip = "rkllm-abi.json is not at hand; name its directory with RKLLAMA_REFERENCE_DATA.";
    }
}
