using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>A server whose library has one fault, and the steps that all fault tests share.</summary>
internal sealed partial class FaultRig : IAsyncDisposable
{
    // The versions with which several models can be in memory.
    private static readonly string[] SeveralModels = ["1.2.3", "1.3.0", "1.3.1"];

    private readonly string _directory;
    private Vitals _empty = null!;
    private int _questions;

    private FaultRig(FaultCase fault, string runtime, string directory, Node node)
    {
        Fault = fault;
        Runtime = runtime;
        _directory = directory;
        Node = node;
    }

    internal FaultCase Fault { get; }

    internal string Runtime { get; }

    internal Node Node { get; }

    /// <summary>The other model in memory, for tests of <see cref="BesideAnotherModelAsync"/>.</summary>
    internal Neighbour Neighbour => new(Node, Path.Combine(_directory, "node", "violations"));

    /// <summary>The library that the server loads. It is a link, so that a test can replace it while the server runs.</summary>
    private string Library => Path.Combine(_directory, "librkllmrt.so");

    /// <summary>Runs a test on every version that has the fault. The versions run in parallel, because the tests mostly wait.</summary>
    internal static async Task OnEveryVersionAsync(FaultCase fault, Func<FaultRig, Task> test)
    {
        string[] failures = await Task.WhenAll(fault.Versions.Select(runtime => Task.Run(() => RunAsync(fault, runtime, hasNeighbour: false, test))));
        string.Concat(failures).Should().BeEmpty();
    }

    /// <summary>
    /// Runs a test while a second model is in memory, which does not have the fault. The processes share a simulated node, which reports runs that overlap. The
    /// versions run in parallel.
    /// </summary>
    internal static async Task BesideAnotherModelAsync(FaultCase fault, Func<FaultRig, Task> test)
    {
        string[] failures = await Task.WhenAll(
            fault.Versions.Intersect(SeveralModels).Select(runtime => Task.Run(() => RunAsync(fault, runtime, hasNeighbour: true, test))));
        string.Concat(failures).Should().BeEmpty();
    }

    /// <summary>Whether a fault occurs in a version with which several models can be in memory.</summary>
    internal static bool IsForSeveralModels(FaultCase fault) => fault.Versions.Intersect(SeveralModels).Any();

    private static async Task<string> RunAsync(FaultCase fault, string runtime, bool hasNeighbour, Func<FaultRig, Task> test)
    {
        FaultRig? rig = null;
        try
        {
            rig = await StartAsync(fault, runtime, hasNeighbour);
            await test(rig);
            return "";
        }
        catch (Exception ex)
        {
            return $"\n== {fault.Name} on {runtime}: {ex}\n{rig?.Node.Log}\n";
        }
        finally
        {
            if (rig is not null)
                await rig.DisposeAsync();
        }
    }

    private static async Task<FaultRig> StartAsync(FaultCase fault, string runtime, bool hasNeighbour)
    {
        string directory = Directory.CreateTempSubdirectory("rkllama-fault-").FullName;
        try
        {
            return await StartAsync(fault, runtime, hasNeighbour, directory);
        }
        catch
        {
            Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    private static async Task<FaultRig> StartAsync(FaultCase fault, string runtime, bool hasNeighbour, string directory)
    {
        string library = Path.Combine(directory, "librkllmrt.so");
        File.CreateSymbolicLink(library, TestPaths.Simulator(fault.Build ?? runtime));
        Node node = await Node.StartAsync(
            runtime,
            ["--port", "0", .. fault.Options, .. hasNeighbour ? ["--max-models", "2"] : (string[])[]],
            ("RKLLAMA_LIBRARY", library),
            ("RKLLM_SIMULATOR_SPEED", fault.Speed),
            ("RKLLM_SIMULATOR_NODE", hasNeighbour ? Path.Combine(directory, "node") : null),
            ("RKLLM_SIMULATOR_MEMORY", hasNeighbour ? fault.Memory : null),
            ("RKLLM_SIMULATOR_OOM", fault.Memory is null ? null : "segv"),
            ("RKLLM_SIMULATOR_FAULT", hasNeighbour ? null : fault.Injected),
            ("RKLLM_SIMULATOR_FAULT_STATE", Path.Combine(directory, "faults")));
        FaultRig rig = new(fault, runtime, directory, node);
        node.AddModel("demo", fault.Modelfile, hasNeighbour ? FaultyFile(fault, directory) : null);
        if (hasNeighbour)
            node.AddModel(Neighbour.Name);

        // Opens the connection of the client, so that the first measurement includes its descriptor.
        await node.GetJsonAsync("/");
        await node.EventuallyAsync(() => node.Log.Contains("RKLLM runtime", StringComparison.Ordinal) || node.Log.Contains("No model can be loaded yet", StringComparison.Ordinal), "the server should have identified the library");
        rig._empty = await Vitals.WithWorkersAsync(node, 0);
        return rig;
    }

    /// <summary>Writes a model file with the fault, so that no other model has it.</summary>
    private static string FaultyFile(FaultCase fault, string directory)
    {
        string path = Path.Combine(directory, "faulty.rkllm"), keys = $"\"fault\": \"{fault.Injected}\", \"memory_mb\": {fault.ModelMegabytes},";
        File.WriteAllText(path, FirstBrace.Replace(File.ReadAllText(TestPaths.DemoModel), "{ " + keys, 1));
        return path;
    }

    internal Task<Seen> LoadAsync() => Seen.PostAsync(Node, "/load_model", """{"model_name":"demo"}""");

    /// <summary>Loads the model, checks two answers, and returns the resource usage to which the server must return after the fault.</summary>
    internal async Task<Vitals> WarmAsync()
    {
        Seen loaded = await LoadAsync();
        loaded.Status.Should().Be(HttpStatusCode.OK, "{0}", loaded.Error);
        await NextIsGoodAsync(stream: false);
        await NextIsGoodAsync(stream: true);
        return await Vitals.WithWorkersAsync(Node, 1);
    }

    /// <summary>Sends another request and checks that its answer is complete, correct, and contains no text of another answer.</summary>
    /// <returns>The duration in seconds.</returns>
    internal async Task<double> NextIsGoodAsync(bool stream)
    {
        string text = $"answer {++_questions} ä😀";
        Stopwatch watch = Stopwatch.StartNew();
        Seen next = await Seen.AskAsync(Node, $"!echo {text}", stream);
        double seconds = watch.Elapsed.TotalSeconds;
        next.Should().Be(new Seen(HttpStatusCode.OK, text, "stop", null, IsCut: false));
        return seconds;
    }

    /// <summary>Unloads the model and checks that the server is as it was before the first load.</summary>
    /// <param name="also">Number of connections that the client has opened in addition to the first one.</param>
    internal async Task UnloadAsync(int also = 0)
    {
        Seen unloaded = await Seen.PostAsync(Node, "/unload_model", "");
        unloaded.Status.Should().Be(HttpStatusCode.OK, "{0}", unloaded.Error);
        Node.Workers().Should().BeEmpty();
        await IsEmptyAsync(also);
    }

    /// <summary>Checks that the server has no model and no worker, and holds no resources of earlier ones.</summary>
    internal async Task IsEmptyAsync(int also = 0)
    {
        (await Node.GetJsonAsync("/current_model")).Status.Should().Be(HttpStatusCode.NotFound);
        (await Node.GetJsonAsync("/ready")).Status.Should().Be(HttpStatusCode.OK);
        await _empty.AreBackAsync(Node, also);
    }

    /// <summary>Waits until the log has the line that is expected for this fault.</summary>
    /// <param name="otherwise">The regular expression for the line if the fault has none.</param>
    internal Task LogsAsync(string otherwise)
    {
        string line = Fault.Logged ?? otherwise;
        return Node.EventuallyAsync(() => Regex.IsMatch(Node.Log, line), $"the log should say '{line}'");
    }

    /// <summary>Checks that the client received what the fault case expects.</summary>
    internal void Check(Seen seen, bool stream)
    {
        if (Fault.Error is not { } error)
        {
            seen.IsWhole.Should().BeTrue("{0}", seen);
            Regex.IsMatch(seen.Text, $"^(?:{Fault.Text})$").Should().BeTrue("{0} should be {1}", seen.Text[..Math.Min(200, seen.Text.Length)], Fault.Text);
            seen.FinishReason.Should().Be(Fault.FinishReason);
            return;
        }

        seen.Error.Should().MatchRegex(error).And.NotMatchRegex(@"Unhandled exception|\bat RkLlama\.", "errors must not contain stack traces");
        seen.FinishReason.Should().BeNull();
        bool begun = stream && Fault.BreaksOff;
        (seen.Status, seen.IsCut).Should().Be((begun ? HttpStatusCode.OK : HttpStatusCode.InternalServerError, begun), "{0}", seen);
        seen.Text.Should().MatchRegex(begun ? Fault.Text : "^$");
    }

    /// <summary>Replaces the broken library by the normal build of the version, as an operator would.</summary>
    internal void MendLibrary()
    {
        File.Delete(Library);
        File.CreateSymbolicLink(Library, TestPaths.Simulator(Runtime));
    }

    /// <summary>Returns a text without the paths that differ between runs, and without the common prefix of errors.</summary>
    internal string Plain(string text) => text
        .Replace(_directory, "…", StringComparison.Ordinal)
        .Replace(Node.Models, "…", StringComparison.Ordinal)
        .Replace("Model demo could not be loaded: ", "", StringComparison.Ordinal)
        .Replace("The answer failed: ", "", StringComparison.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [GeneratedRegex(@"\{")]
    private static partial Regex FirstBrace { get; }
}
