using System.Globalization;
using System.Net;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Stops, kills, full queues and lack of memory, with the published executable.</summary>
public sealed class CrashRecoveryTests
{
    private const string LoadDemo = """{"model_name":"demo"}""";

    // 4 MiB in hexadecimal: about the size of the youngest generation of the heap on a board, where the L3 cache has 3 MiB.
    private const string YoungGeneration = "400000";
    private const long MaxBytesPerStream = 48 << 10;

    [Theory]
    [InlineData("init_hang", null)]
    [InlineData("destroy_hang", "!echo x")]
    [InlineData(null, "!fault hang:3")]
    [InlineData(null, "!fault hang:prefill")]
    public async Task A_worker_whose_library_hangs_does_not_outlive_a_killed_server(string? fault, string? prompt)
    {
        await using Node node = await Node.StartAsync("1.2.3", null, ("RKLLM_SIMULATOR_FAULT", fault), ("RKLLAMA_HEARTBEAT", "0.1"));
        node.AddModel("demo");
        Task<(HttpStatusCode, JsonElement)> loading = node.PostJsonAsync("/load_model", LoadDemo);
        if (prompt is null)
        {
            await node.EventuallyAsync(() => node.Trace("rkllm_init").Count == 1, "the load should have begun");
        }
        else
        {
            await loading;
            using HttpResponseMessage response = await node.StreamAsync(prompt);
            if (fault is null)
                await node.EventuallyAsync(() => node.Trace("rkllm_run").Count == 1, "the run should have begun");
            else
                loading = node.PostJsonAsync("/unload_model", "");
        }

        int worker = await node.WorkerAsync();
        node.Signal("KILL");
        await node.WaitForExitAsync();

        await node.EventuallyAsync(() => IsGone(worker), "the worker should end");
        await ((Task)loading).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task A_stop_refuses_waiting_requests_at_once_and_cuts_the_running_one_when_the_drain_time_is_over()
    {
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", "--drain", "1"]);
        await node.LoadAsync();
        using HttpResponseMessage running = await node.StreamAsync("!sleep 50 2000");
        Task<(HttpStatusCode Status, JsonElement Body)> waiting = node.PostJsonAsync("/generate", Node.Chat("!echo x"));
        await node.EventuallyAsync(() => Queue(node).Waiting == 1, "one request should wait");

        node.Signal("TERM");
        (HttpStatusCode status, JsonElement refused) = await waiting;
        (HttpStatusCode ready, JsonElement reason) = await node.GetJsonAsync("/ready");
        (HttpStatusCode health, _) = await node.GetJsonAsync("/health");
        string last = "";
        using StreamReader reader = new(await running.Content.ReadAsStreamAsync());
        Func<Task> read = async () =>
        {
            while (await reader.ReadLineAsync() is { } line)
                last = line;
        };

        await read.Should().ThrowAsync<IOException>();
        JsonDocument.Parse(last).RootElement.GetProperty("error").GetString().Should().Contain("unloaded");
        status.Should().Be(HttpStatusCode.ServiceUnavailable);
        refused.GetProperty("error").GetString().Should().Contain("shutting down");
        (ready, health).Should().Be((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK));
        reason.GetProperty("status").GetString().Should().Be("draining");
        (await node.WaitForExitAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Waiting_streams_cost_little_memory()
    {
        const int Clients = 256;
        await using Node node = await Node.StartAsync(
            "1.2.3", ["--port", "0", "--queue", "300", "--heartbeat", "1", "--max-connections-per-address", "400"], ("DOTNET_GCgen0size", YoungGeneration));
        await node.LoadAsync();
        await node.AskAsync("!echo warm");
        using CancellationTokenSource leave = new();
        using HttpResponseMessage running = await node.StreamAsync("!sleep 1000 2000");

        // The server returns the memory of its start to the system after 2 s.
        long before = long.MaxValue;
        for (int i = 0; i < 40; i++)
        {
            before = Math.Min(before, ResidentBytes(node.ProcessId));
            await Task.Delay(100);
        }

        Task<HttpResponseMessage>[] waiting = [.. Enumerable.Range(0, Clients).Select(_ => node.StreamAsync("!echo x", leave.Token))];
        HttpResponseMessage[] responses = await Task.WhenAll(waiting);
        long after = ResidentBytes(node.ProcessId);

        Queue(node).Waiting.Should().Be(Clients);
        ((after - before) / Clients).Should().BeLessThanOrEqualTo(MaxBytesPerStream, "of that, the stream needs 16 KiB; the rest is the garbage of its request and its keep-alives");
        await leave.CancelAsync();
        foreach (HttpResponseMessage response in responses)
            response.Dispose();
        await node.EventuallyAsync(() => Queue(node).Waiting == 0, "those who leave are gone from the queue");
    }

    [Fact]
    public async Task A_model_larger_than_the_memory_is_refused_before_a_worker_starts()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        string file = Path.Combine(node.Models, "huge.bin");
        File.Copy(TestPaths.DemoModel, file);
        using (FileStream stream = File.OpenWrite(file))
            stream.SetLength(2L << 40);
        node.AddModel("demo", file: file);

        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/load_model", LoadDemo);

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain("2097152 MiB").And.Contain("of memory are free");
        node.Trace("rkllm_init").Should().BeEmpty();
    }

    [Fact]
    public async Task A_node_is_ready_only_after_its_preloaded_model_is_loaded()
    {
        string models = Directory.CreateTempSubdirectory("rkllama-preload-").FullName;
        try
        {
            string demo = Path.GetDirectoryName(TestPaths.DemoModel)!;
            File.CreateSymbolicLink(Path.Combine(models, "demo"), demo);
            await using Node node = await Node.StartAsync(
                "1.2.3", null, ("RKLLAMA_MODELS", models), ("RKLLAMA_PRELOAD", "demo"), ("RKLLM_SIMULATOR_FAULT", "init_slow:1500"));

            (HttpStatusCode early, JsonElement loading) = await node.GetJsonAsync("/ready");
            await node.LogsAsync("Model demo loaded");
            await node.EventuallyAsync(() => node.GetJsonAsync("/ready").GetAwaiter().GetResult().Status == HttpStatusCode.OK, "the node should be ready");

            early.Should().Be(HttpStatusCode.ServiceUnavailable);
            loading.GetProperty("status").GetString().Should().Be("loading");
        }
        finally
        {
            Directory.Delete(models, recursive: true);
        }
    }

    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task A_repeating_answer_is_cut_if_the_operator_enabled_the_guard(string runtime)
    {
        await using Node node = await Node.StartAsync(runtime, ["--port", "0", "--repeat-guard", "8"]);
        await node.LoadAsync();

        (_, JsonElement body) = await node.PostJsonAsync("/generate", Node.Chat("!loop"));

        body.GetProperty("choices")[0].GetProperty("finish_reason").GetString().Should().Be("length");
        body.GetProperty("usage").GetProperty("completion_tokens").GetInt32().Should().Be(9);
        await node.LogsAsync("repeated itself");
        (await node.AskAsync("!echo next")).Should().Be("next");
    }

    [Fact]
    public async Task A_worker_that_dies_during_its_unload_leaves_no_request_waiting()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        for (int i = 0; i < 20; i++)
        {
            await (i == 0 ? node.LoadAsync() : node.PostJsonAsync("/load_model", LoadDemo));
            using HttpResponseMessage running = await node.StreamAsync("!sleep 3 2000");
            int worker = await node.WorkerAsync();

            Node.SignalTo("KILL", worker);
            await node.PostJsonAsync("/unload_model", "");
            Func<Task<string>> read = () => running.Content.ReadAsStringAsync().WaitAsync(Node.Patience);

            await read.Should().ThrowAsync<HttpRequestException>("the stream is cut, round {0}", i);
        }
    }

    // SIGSEGV is tested in the fault suite: .NET ignores a SIGSEGV that was sent and not caused by an instruction.
    [Theory]
    [InlineData("KILL", "SIGKILL")]
    [InlineData("ABRT", "SIGABRT")]
    [InlineData("ILL", "SIGILL")]
    [InlineData("BUS", "SIGBUS")]
    public async Task A_worker_that_is_killed_during_a_stream_is_reported_with_its_signal_in_the_form_of_each_api(string signal, string name)
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync();
        foreach ((string path, string question) in ((string, string)[])[
            ("/generate", ""), ("/v1/chat/completions", "\"model\":\"demo\","), ("/api/chat", "\"model\":\"demo\",")])
        {
            // Each request has another prompt, because a request that has ended the worker twice is refused.
            using HttpRequestMessage request = new(HttpMethod.Post, path)
            {
                Content = new StringContent($"{{{question}\"messages\":[{{\"role\":\"user\",\"content\":\"!sleep 20 {2000 + path.Length}\"}}],\"stream\":true}}"),
            };
            using HttpResponseMessage response = await node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
            string last = (await reader.ReadLineAsync())!;
            Func<Task> read = async () =>
            {
                while (await reader.ReadLineAsync() is { } line)
                    last = line.Length > 0 ? line : last;
            };

            Node.SignalTo(signal, await node.WorkerAsync());

            await read.Should().ThrowAsync<IOException>();
            last.Should().StartWith(path[1] == 'v' ? "data: {\"error\":{\"message\":" : "{\"error\":").And.Contain(name);
            (await node.AskAsync("!echo next")).Should().Be("next");
        }

        (await node.GetJsonAsync("/health")).Body.GetProperty("last_fault").GetProperty("reason").GetString().Should().Contain(name);
        await node.LogsAsync($"died: the worker was killed by {name}");
    }

    [Fact]
    public async Task A_stopped_worker_does_not_block_monitoring_and_is_replaced()
    {
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", "--token-timeout", "2", "--prefill-timeout", "2", "--prefill-token-timeout", "0", "--abort-grace", "0.5"]);
        await node.LoadAsync();
        int worker = await node.WorkerAsync();
        Node.SignalTo("STOP", worker);
        Task<(HttpStatusCode Status, JsonElement Body)> asking = node.PostJsonAsync("/generate", Node.Chat("!echo x"));
        await node.EventuallyAsync(() => Queue(node).Running == 1, "the request should have its turn");

        (HttpStatusCode health, JsonElement facts) = await node.GetJsonAsync("/health");
        (HttpStatusCode ready, _) = await node.GetJsonAsync("/ready");
        bool wasAsking = !asking.IsCompleted;

        (health, ready).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK));
        facts.GetProperty("state").GetString().Should().Be("loaded");
        wasAsking.Should().BeTrue("nobody waited for the worker");
        (await asking).Status.Should().Be(HttpStatusCode.InternalServerError);
        (await asking).Body.GetProperty("error").GetString().Should().Contain("ignored the abort; its worker was killed");
        (await node.AskAsync("!echo next")).Should().Be("next");
    }

    [Fact]
    public async Task If_memory_runs_out_the_kernel_kills_the_worker_first()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync();

        int worker = OutOfMemoryScore(await node.WorkerAsync()), server = OutOfMemoryScore(node.ProcessId);

        worker.Should().BeGreaterThan(server);
    }

    private static int OutOfMemoryScore(int process) => int.Parse(File.ReadAllText($"/proc/{process}/oom_score_adj"), CultureInfo.InvariantCulture);

    private static (int Running, int Waiting) Queue(Node node)
    {
        JsonElement queue = node.GetJsonAsync("/health").GetAwaiter().GetResult().Body.GetProperty("queue");
        return (queue.GetProperty("running").GetInt32(), queue.GetProperty("waiting").GetInt32());
    }

    private static bool IsGone(int process) =>
        !File.Exists($"/proc/{process}/stat") || File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);

    private static long ResidentBytes(int process) => long.Parse(
        File.ReadAllLines($"/proc/{process}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(':')[1].Replace("kB", "").Trim(),
        CultureInfo.InvariantCulture) << 10;
}
