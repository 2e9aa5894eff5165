using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>The files that the tests use. <c>./build.sh test</c> builds all of them.</summary>
internal static class TestPaths
{
    internal static string Root { get; } = FindRoot();

    /// <summary>The published executable, not the debug build.</summary>
    internal static string Executable { get; } = Existing(
        Environment.GetEnvironmentVariable("RKLLAMA_TEST_EXECUTABLE") ?? Path.Combine(Root, "dist", "publish", RuntimeInformation.RuntimeIdentifier, "rkllama"));

    internal static string DemoModel { get; } = Existing(Path.Combine(Root, "models", "demo", "demo.rkllm"));

    /// <summary>One simulator build of each ABI group.</summary>
    internal static readonly string[] Runtimes = ["1.1.4", "1.2.0", "1.2.3", "1.3.0", "1.3.1"];

    internal static string Simulator(string version) => Existing(Path.Combine(
        Environment.GetEnvironmentVariable("RKLLAMA_TEST_SIMULATORS") ?? Path.Combine(Root, "artifacts", "simulator", RuntimeInformation.RuntimeIdentifier),
        version,
        "librkllmrt.so"));

    private static string Existing(string path) =>
        File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: run ./build.sh test, which builds it.");

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "RkLlama.sln")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new DirectoryNotFoundException("RkLlama.sln");
    }
}

/// <summary>Serializes JSON strings without reflection.</summary>
[JsonSerializable(typeof(string))]
internal sealed partial class TestJson : JsonSerializerContext;

/// <summary>Runs a test on every ABI group.</summary>
public sealed class EveryRuntime : TheoryData<string>
{
    public EveryRuntime()
    {
        foreach (string runtime in TestPaths.Runtimes)
            Add(runtime);
    }
}
