using System.Net;
using System.Text.Json.Nodes;
using RkLlama.EndToEnd.Tests.Support;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>The beginning of a model's prompts on the disk, with the published executable.</summary>
#pragma warning disable CA1416 // file modes do not exist on Windows, and this program runs on Linux only
public sealed class PrefixTests : IDisposable
{
    private readonly PrefixRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task After_the_death_of_a_worker_and_after_a_restart_only_the_rest_of_the_prompt_is_processed(string runtime)
    {
        await using (Node first = await _rig.StartAndSaveAsync(runtime))
        {
            Node.SignalTo("KILL", await first.WorkerAsync());
            await first.LogsAsync("were loaded from the disk");
            ShouldBeCached(await PrefixRig.AskAsync(first, "after the death"), runtime);
        }

        await using Node second = await _rig.StartAsync(runtime);
        ShouldBeCached(await PrefixRig.AskAsync(second, "after the restart"), runtime);
        ShouldBeCached(await PrefixRig.AskAsync(second, "again"), runtime);

        second.Trace("prompt_cache").Should().ContainSingle().Which.GetProperty("ret").GetInt32().Should().Be(0);
        second.Log.Should().NotContain(" WRN PrefixStore");
    }

    [Fact]
    public async Task After_an_eviction_only_the_rest_of_the_prompt_is_processed()
    {
        _rig.Add("other");
        await using Node node = await _rig.StartAndSaveAsync(arguments: ["--max-models", "1"]);

        await PrefixRig.AskAsync(node, "x", "other");
        (int Prompt, int? Cached, int Prefilled) answer = await PrefixRig.AskAsync(node, "after the eviction");

        ShouldBeCached(answer, "1.2.3");
        node.Trace("rkllm_init").Should().HaveCount(3);
    }

    [Fact]
    public async Task The_files_belong_to_the_user_alone_and_the_metrics_count_them()
    {
        await using (Node first = await _rig.StartAndSaveAsync())
        {
            _rig.Files.Should().HaveCount(2).And.OnlyContain(file => File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
            (File.GetUnixFileMode(Path.Combine(_rig.Caches, "rkllama")) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)).Should().Be(UnixFileMode.None);
            (await first.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Should().Contain("rkllama_prefix_saves_total 1");
        }

        await using Node second = await _rig.StartAsync();
        (int prompt, int? cached, _) = await PrefixRig.AskAsync(second, "x");

        prompt.Should().BeGreaterThan(800);
        (await second.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Should().Contain($"rkllama_prefix_loaded_tokens_total {cached}");
    }

    public static TheoryData<string, string> Changes => new()
    {
        { "a truncated file", "is damaged" },
        { "a changed byte", "is damaged" },
        { "a file that others may read", "other users may read or write it" },
        { "a link", "other users may read or write it" },
        { "a damaged sidecar", "has an unknown or damaged description" },
        { "a sidecar of another format", "has an unknown or damaged description" },
        { "another model file", "was saved with another model file" },
        { "another template", "was saved with another chat template" },
        { "another system prompt", "was saved with another chat template" },
        { "another context length", "was saved with a context length of 4096, not 2048" },
        { "another runtime", "was saved by runtime 1.2.3, not 1.3.0" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_file_that_does_not_fit_is_deleted_and_the_model_answers(string change, string reason)
    {
        await using (Node first = await _rig.StartAndSaveAsync())
            Apply(change);

        await using Node second = await _rig.StartAsync(change == "another runtime" ? "1.3.0" : "1.2.3");
        (int prompt, _, int prefilled) = await PrefixRig.AskAsync(second, "x");

        prefilled.Should().Be(prompt, "nothing was loaded");
        second.Trace("prompt_cache").Should().BeEmpty();
        second.Log.Should().Contain(reason);
        _rig.Files.Should().BeEmpty();
    }

    [Theory]
    [InlineData("1.1.4")]
    [InlineData("1.2.3")]
    [InlineData("1.3.1")]
    public async Task A_crash_while_the_file_is_loaded_costs_neither_the_request_nor_the_model(string runtime)
    {
        await using (await _rig.StartAndSaveAsync(runtime))
        {
        }

        await using Node second = await _rig.StartAsync(runtime, null, ("RKLLM_SIMULATOR_FAULT", "cache_segv:any"));
        (int prompt, _, int prefilled) = await PrefixRig.AskAsync(second, "x");
        await PrefixRig.AskThreeTimesAsync(second);
        await PrefixRig.KillWorkerAsync(second);
        await PrefixRig.AskAsync(second, "y");

        prefilled.Should().Be(prompt);
        _rig.Files.Should().BeEmpty();
        second.Log.Split('\n').Should().ContainSingle(line => line.Contains("its worker crashed with the saved beginning", StringComparison.Ordinal));
        string metrics = await second.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        metrics.Should().Contain("rkllama_model_load_failures_total 0").And.Contain("rkllama_prefix_failures_total{cause=\"crash\"} 1");
    }

    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task A_library_that_crashes_after_an_aborted_saving_run_never_loads_in_that_process(string runtime)
    {
        await using Node node = await _rig.StartAndSaveAsync(runtime, null, ("RKLLM_SIMULATOR_FAULT", "cache_after_abort"));

        await PrefixRig.AskAsync(node, "in the same process");
        await PrefixRig.KillWorkerAsync(node);
        ShouldBeCached(await PrefixRig.AskAsync(node, "in the next process"), runtime);

        node.Log.Should().NotContain("its worker crashed");
    }

    [Fact]
    public async Task Zero_saves_nothing_and_deletes_what_is_there()
    {
        await using (await _rig.StartAndSaveAsync())
        {
        }

        await using Node second = await _rig.StartAsync(arguments: ["--prompt-cache", "0"]);
        (int prompt, _, int prefilled) = await PrefixRig.AskAsync(second, "x");

        _rig.Files.Should().BeEmpty();
        prefilled.Should().Be(prompt);
    }

    [Theory]
    [InlineData("rm")]
    [InlineData("mv")]
    public async Task The_files_of_a_model_go_with_it(string change)
    {
        await using Node node = await _rig.StartAndSaveAsync();

        if (change == "rm")
            (await node.Client.SendAsync(new(HttpMethod.Delete, "/api/delete") { Content = new StringContent("""{"model":"demo"}""") })).StatusCode.Should().Be(HttpStatusCode.OK);
        else
            (await Tool.RunAsync(["mv", "demo", "renamed", "--host", node.Address.ToString()])).Code.Should().Be(0);

        _rig.Files.Should().BeEmpty();
    }

    [Fact]
    public async Task A_prefix_that_is_too_large_is_not_saved()
    {
        await using Node node = await _rig.StartAsync(arguments: ["--prompt-cache", "1M"]);

        await PrefixRig.AskThreeTimesAsync(node);
        await node.LogsAsync("which is more than --prompt-cache allows");

        _rig.Files.Should().BeEmpty();
        node.Log.Should().NotContain(" WRN PrefixStore");
    }

    [SmallDiskFact]
    public async Task A_full_disk_costs_the_file_only()
    {
        using SmallDisk disk = new(kibibytes: 4096);
        using PrefixRig rig = new() { Caches = disk.Path };
        await using Node node = await rig.StartAsync();

        await PrefixRig.AskThreeTimesAsync(node);
        await node.LogsAsync("is not saved: ");
        await PrefixRig.AskAsync(node, "x");

        rig.Files.Should().BeEmpty();
    }

    [Fact]
    public async Task A_family_that_cannot_save_is_tried_once()
    {
        string model = Path.Combine(_rig.Models, "demo", "demo.rkllm");
        File.WriteAllText(model, File.ReadAllText(model).Replace("RKSIMULATOR1\n{", "RKSIMULATOR1\n{\"arch\": \"qwen35\",", StringComparison.Ordinal));
        await using Node node = await _rig.StartAsync();

        await PrefixRig.AskThreeTimesAsync(node);
        await node.LogsAsync("the runtime saves no prompts of this model");
        await PrefixRig.AskThreeTimesAsync(node);

        _rig.Files.Should().BeEmpty();
        node.Log.Split('\n').Should().ContainSingle(line => line.Contains("does not support saving prompt cache", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_first_token_after_a_restart_comes_nearly_as_early_as_from_a_warm_cache()
    {
        (string, string?) atBoardPace = ("RKLLM_SIMULATOR_SPEED", "1");
        List<TimeSpan> warm = [], restarted = [];
        TimeSpan cold;
        await using (Node first = await _rig.StartAsync(arguments: ["--preload", "demo"], environment: atBoardPace))
        {
            await first.LogsAsync("Model demo loaded");
            cold = await PrefixRig.ToFirstTokenAsync(first, 0);
            for (int i = 1; i <= 4; i++)
                warm.Add(await PrefixRig.ToFirstTokenAsync(first, i));
            await first.LogsAsync("tokens of its prompts are saved");
        }

        for (int i = 5; i <= 6; i++)
        {
            await using Node next = await _rig.StartAsync(arguments: ["--preload", "demo"], environment: atBoardPace);
            await next.LogsAsync("Model demo loaded");
            restarted.Add(await PrefixRig.ToFirstTokenAsync(next, i));
        }

        (restarted.Min() / warm.Min()).Should().BeLessThan(1.3, "warm: {0} ms, after a restart: {1} ms", warm.Min().TotalMilliseconds, restarted.Min().TotalMilliseconds);
        (cold / restarted.Min()).Should().BeGreaterThan(3, "without a cache: {0} ms, after a restart: {1} ms", cold.TotalMilliseconds, restarted.Min().TotalMilliseconds);
    }

    private void Apply(string change)
    {
        string cache = _rig.CacheFile, sidecar = _rig.Sidecar;
        switch (change)
        {
            case "a truncated file":
                using (FileStream file = File.OpenWrite(cache))
                    file.SetLength(file.Length / 2);
                break;
            case "a changed byte":
                using (FileStream file = File.OpenWrite(cache))
                {
                    file.Seek(-1, SeekOrigin.End);
                    file.WriteByte(1);
                }

                break;
            case "a file that others may read":
                File.SetUnixFileMode(cache, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
                break;
            case "a link":
                File.Move(cache, Path.Combine(_rig.Models, "moved"));
                File.CreateSymbolicLink(cache, Path.Combine(_rig.Models, "moved"));
                break;
            case "a damaged sidecar":
                File.WriteAllText(sidecar, "{");
                break;
            case "a sidecar of another format":
                JsonNode json = JsonNode.Parse(File.ReadAllText(sidecar))!;
                json["Format"] = 2;
                File.WriteAllText(sidecar, json.ToJsonString());
                break;
            case "another model file":
                File.SetLastWriteTimeUtc(Path.Combine(_rig.Models, "demo", "demo.rkllm"), DateTime.UnixEpoch);
                break;
            case "another template":
                _rig.Change("chat_template.jinja", static text => text + "{# changed #}");
                break;
            case "another system prompt":
                _rig.Change("Modelfile", static text => text.Replace("SYSTEM=\"\"", "SYSTEM=\"x\"", StringComparison.Ordinal));
                break;
            case "another context length":
                _rig.Change("Modelfile", static text => text + "\nNUM_CTX=2048\n");
                break;
        }
    }

    private static void ShouldBeCached((int Prompt, int? Cached, int Prefilled) answer, string runtime)
    {
        answer.Prompt.Should().BeGreaterThan(800);
        answer.Prefilled.Should().BeInRange(1, PrefixRig.MaxRest);
        if (runtime is not ("1.1.4" or "1.2.0"))
            answer.Cached.Should().Be(answer.Prompt - answer.Prefilled);
    }
}
