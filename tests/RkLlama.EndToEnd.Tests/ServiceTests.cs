using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Start, settings, signals and stop of the published executable.</summary>
public sealed class ServiceTests
{
    [Fact]
    public async Task The_port_comes_from_the_command_line_then_RKLLAMA_PORT_then_PORT()
    {
        int[] ports = [FreePort(), FreePort(), FreePort()];
        string[] values = [.. ports.Select(port => port.ToString(System.Globalization.CultureInfo.InvariantCulture))];

        await using Node byPort = await Node.StartAsync(null, [], ("PORT", values[0]));
        await using Node byVariable = await Node.StartAsync(null, [], ("PORT", values[0]), ("RKLLAMA_PORT", values[1]));
        await using Node byOption = await Node.StartAsync(null, ["--port", values[2]], ("PORT", values[0]), ("RKLLAMA_PORT", values[1]));

        byPort.Address.Port.Should().Be(ports[0]);
        byVariable.Address.Port.Should().Be(ports[1]);
        byOption.Address.Port.Should().Be(ports[2]);
    }

    [Fact]
    public async Task The_python_services_command_line_starts_it()
    {
        string port = FreePort().ToString(System.Globalization.CultureInfo.InvariantCulture);

        await using Node node = await Node.StartAsync("1.2.3", ["--target_platform", "rk3588", $"--port={port}"]);

        (await node.GetJsonAsync("/models")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_IPv4_address_that_is_written_as_an_IPv6_address_works()
    {
        await using Node node = await Node.StartAsync(null, ["--host", "::ffff:127.0.0.1", "--port", "0"]);

        node.Address.Host.Should().Be("127.0.0.1");
        (await node.GetJsonAsync("/models")).Status.Should().Be(HttpStatusCode.OK);
        node.Log.Should().NotContain("Exception");
    }

    [Theory]
    [InlineData("--port", "eighty")]
    [InlineData("--port", "70000")]
    [InlineData("--host", "nowhere.invalid")]
    [InlineData("--target_platform", "rk3399")]
    [InlineData("--prot", "8080")]
    public void A_bad_setting_stops_the_start_with_its_name(string option, string value)
    {
        (int exitCode, string output) = Run([option, value]);

        exitCode.Should().Be(2);
        output.Should().Contain(option);
    }

    [Fact]
    public void Help_and_version_are_printed()
    {
        Run(["--help"]).Should().Match<(int ExitCode, string Output)>(run => run.ExitCode == 0 && run.Output.Contains("--target_platform"));
        Run(["--version"]).Should().Match<(int ExitCode, string Output)>(run => run.ExitCode == 0 && run.Output.Trim().Length >= 5);
    }

    [Fact]
    public async Task If_the_port_is_in_use_the_start_fails_with_one_sentence()
    {
        await using Node first = await Node.StartAsync(null);

        (int exitCode, string output) = Run(["--host", "127.0.0.1", "--port", first.Address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)]);

        exitCode.Should().Be(1);
        output.Should().Contain("address already in use").And.NotContain("   at ");
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_stop_lets_the_running_answer_finish_and_refuses_others(string signal)
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync();
        using HttpResponseMessage running = await node.StreamAsync("!sleep 20 50");

        node.Signal(signal);
        await node.LogsAsync("Stopping");
        using HttpResponseMessage refused = await node.Client.GetAsync(node.Address);
        string[] lines = (await running.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n');
        int exitCode = await node.WaitForExitAsync();

        refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        refused.Headers.RetryAfter.Should().NotBeNull();
        lines.Should().HaveCount(51);
        exitCode.Should().Be(0);
    }

    [Fact]
    public async Task A_second_signal_ends_the_drain_time_of_the_running_answer()
    {
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", "--drain", "3600"]);
        await node.LoadAsync();
        using HttpResponseMessage running = await node.StreamAsync("!sleep 100 2000");
        node.Signal("INT");
        await node.LogsAsync("Stopping");
        Stopwatch watch = Stopwatch.StartNew();

        node.Signal("INT");
        string last = "";
        using StreamReader reader = new(await running.Content.ReadAsStreamAsync());
        Func<Task> read = async () =>
        {
            while (await reader.ReadLineAsync() is { } line)
                last = line;
        };

        await read.Should().ThrowAsync<IOException>();
        last.Should().Contain("unloaded while it answered");
        (await node.WaitForExitAsync()).Should().Be(0);
        watch.Elapsed.Should().BeLessThan(Node.Patience);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_load()
    {
        await using Node node = await Node.StartAsync("1.2.3", null, ("RKLLM_SIMULATOR_FAULT", "init_hang"));
        node.AddModel("demo");
        Task<(HttpStatusCode Status, JsonElement Body)> loading = node.PostJsonAsync("/load_model", """{"model_name":"demo"}""");
        await node.EventuallyAsync(() => node.Trace("rkllm_init").Count == 1, "the load should have begun");
        int worker = await node.WorkerAsync();

        node.Signal("TERM");

        (await loading).Status.Should().Be(HttpStatusCode.BadRequest);
        (await loading).Body.GetProperty("error").GetString().Should().Contain("unloaded meanwhile");
        (await node.WaitForExitAsync()).Should().Be(0);
        Directory.Exists($"/proc/{worker}").Should().BeFalse();
    }

    [Fact]
    public async Task A_worker_ignores_SIGINT_and_SIGTERM()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync();
        int worker = await node.WorkerAsync();

        Node.SignalTo("INT", worker);
        Node.SignalTo("TERM", worker);

        (await node.AskAsync("!echo still here")).Should().Be("still here");
        node.Workers().Should().Equal(worker);
    }

    [Fact]
    public async Task A_worker_does_not_outlive_a_killed_server()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync();
        int worker = await node.WorkerAsync();

        node.Signal("KILL");
        await node.WaitForExitAsync();

        await node.EventuallyAsync(() => !Directory.Exists($"/proc/{worker}") || File.ReadAllText($"/proc/{worker}/stat").Contains(") Z "), "the worker should end");
    }

    [Fact]
    public async Task The_worker_is_not_bound_to_the_servers_cpus()
    {
        if (Environment.ProcessorCount < 2)
            return;

        await using Node node = await Node.StartAsync("1.2.3");
        using (Process taskset = Process.Start(new ProcessStartInfo("taskset", ["-a", "-p", "1", node.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true })!)
            await taskset.WaitForExitAsync();

        await node.LoadAsync();

        AllowedCpus(node.ProcessId).Should().Be("0");
        AllowedCpus(await node.WorkerAsync()).Should().NotBe("0");
    }

    [Fact]
    public async Task A_preloaded_model_is_loaded_without_a_request()
    {
        // A model cannot be added before the node starts, so this test uses the models of the repository.
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", "--models", Path.Combine(TestPaths.Root, "models"), "--preload", "demo"]);

        (await node.AskAsync("!echo preloaded")).Should().Be("preloaded");
        (await node.GetJsonAsync("/current_model")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Systemd_is_notified_of_readiness_watchdog_and_stop()
    {
        string path = Path.Combine(Path.GetTempPath(), $"rkllama-notify-{Guid.NewGuid():N}");
        using Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.ReceiveTimeout = (int)Node.Patience.TotalMilliseconds;
        try
        {
            await using Node node = await Node.StartAsync(null, null, ("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "200000"));
            Receive(socket).Should().Contain("READY=1");
            Receive(socket).Should().Contain("WATCHDOG=1");

            node.Signal("TERM");

            string next;
            while ((next = Receive(socket)).Contains("WATCHDOG=1"))
            {
            }

            next.Should().Contain("STOPPING=1");
            (await node.WaitForExitAsync()).Should().Be(0);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Under_journald_lines_carry_their_priority()
    {
        await using Node node = await Node.StartAsync(null, null, ("JOURNAL_STREAM", "8:1"));

        node.Log.Should().MatchRegex(@"(?m)^<6>rkllama: RkLlama .* listens on");
        await node.EventuallyAsync(() => node.Log.Contains("<4>WorkerEngine:"), "the missing library should be a warning");
    }

    [Fact]
    public async Task Fifty_unloads_and_loads_leave_nothing_behind()
    {
        // By default, generation 0 of the heap is as large as the L3 cache of the machine. Garbage in it would look like growth. The value is hexadecimal.
        await using Node node = await Node.StartAsync("1.2.3", null, ("DOTNET_GCgen0size", "400000"));
        node.AddModel("demo");
        await ReloadAsync(20);
        int descriptors = Directory.GetFiles($"/proc/{node.ProcessId}/fd").Length, threads = Directory.GetDirectories($"/proc/{node.ProcessId}/task").Length;
        Vitals before = Vitals.Of(node);

        await ReloadAsync(50);

        node.Workers().Should().BeEmpty();
        Directory.GetFiles($"/proc/{node.ProcessId}/fd").Length.Should().BeLessThanOrEqualTo(descriptors + 4);
        Directory.GetDirectories($"/proc/{node.ProcessId}/task").Length.Should().BeLessThanOrEqualTo(threads + 8, "the thread pool may have grown a little");
        Vitals.Of(node).MemoryMiB.Should().BeLessThanOrEqualTo(before.MemoryMiB + 10, "fifty loads must not leak memory");

        async Task ReloadAsync(int times)
        {
            for (int i = 0; i < times; i++)
            {
                (HttpStatusCode loaded, JsonElement body) = await node.PostJsonAsync("/load_model", """{"model_name":"demo"}""");
                loaded.Should().Be(HttpStatusCode.OK, "{0}", body);
                (await node.AskAsync("!echo loaded")).Should().Be("loaded");
                (await node.PostJsonAsync("/unload_model", "")).Status.Should().Be(HttpStatusCode.OK);
            }
        }
    }

    private static string Receive(Socket socket)
    {
        byte[] buffer = new byte[1024];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }

    private static string AllowedCpus(int process) =>
        File.ReadAllLines($"/proc/{process}/status").Single(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)).Split(':')[1].Trim();

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static (int ExitCode, string Output) Run(string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(TestPaths.Executable, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(Node.Patience).Should().BeTrue();
        return (process.ExitCode, output + error.Result);
    }
}
