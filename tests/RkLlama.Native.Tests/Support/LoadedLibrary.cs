using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace RkLlama.Native.Tests.Support;

/// <summary>The simulator library, loaded into this process once for all tests of a run.</summary>
public sealed partial class LoadedLibrary : IDisposable
{
    private readonly string _trace = Path.GetTempFileName();

    public LoadedLibrary()
    {
        Set("RKLLM_SIMULATOR_SPEED", "0");
        Set("RKLLM_SIMULATOR_TRACE", _trace);
        Library = RkllmLibrary.Load(TestPaths.Library);
    }

    public RkllmLibrary Library { get; }

    /// <summary>Whether the simulator under test has at least this version.</summary>
    internal static bool IsAtLeast(int major, int minor, int patch) => Version.Parse(TestPaths.Runtime) >= new Version(major, minor, patch);

    /// <summary>Sets an environment variable of this process for native code. The setter of .NET changes the managed copy only.</summary>
    internal static void Set(string name, string? value) => _ = value is null ? unsetenv(name) : setenv(name, value, 1);

    internal RkllmModel Load(Func<ModelParameters, ModelParameters>? change = null)
    {
        ModelParameters parameters = new()
        {
            ModelPath = TestPaths.DemoModel,
            MaxContextLength = 4096,
            MaxNewTokens = 512,
            CpuMask = ModelParameters.BigCores(8),
        };
        RkllmModel model = RkllmModel.Load(Library, change?.Invoke(parameters) ?? parameters);
        model.DisableChatTemplate().Should().BeTrue();
        return model;
    }

    /// <summary>Returns the last call of a function that the simulator recorded.</summary>
    internal JsonElement LastCall(string function) =>
        File.ReadAllLines(_trace).Select(line => JsonDocument.Parse(line).RootElement).Last(entry => entry.GetProperty("call").GetString() == function);

    internal static RunInput Text(string message) =>
        RunInput.FromText($"<|im_start|>user\n{message}<|im_end|>\n<|im_start|>assistant\n");

    internal static (string Text, RunEnd End, int Pieces) Ask(RkllmModel model, string message, RunParameters? parameters = null) =>
        Read(model.Generate(Text(message), parameters ?? RunParameters.Default, CancellationToken.None));

    internal static (string Text, RunEnd End, int Pieces) Read(IEnumerable<RunPiece> pieces)
    {
        UTF8Encoding strict = new(false, throwOnInvalidBytes: true);
        StringBuilder text = new();
        RunEnd? end = null;
        int count = 0;
        foreach (RunPiece piece in pieces)
        {
            end.Should().BeNull("the end comes last and once");
            text.Append(strict.GetString(piece.Text.Span));
            end = piece.End;
            count++;
        }

        return (text.ToString(), end!, count);
    }

    public void Dispose() => File.Delete(_trace);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unsetenv(string name);
}

/// <summary>The tests that share the library of the process. They do not run in parallel.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
#pragma warning disable CA1711 // xunit's term
public sealed class LibraryCollection : ICollectionFixture<LoadedLibrary>
#pragma warning restore CA1711
{
    public const string Name = "library";
}
