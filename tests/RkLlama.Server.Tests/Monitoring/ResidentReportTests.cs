using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Monitoring;

/// <summary>What the node reports of its models in memory: the same in /health, /node/status, /api/ps and /metrics.</summary>
public sealed class ResidentReportTests : IDisposable
{
    private const long Gibibyte = 1L << 30;
    private readonly TempDirectory _sysfs = new();
    private readonly FakeTimeProvider _time = new();

    public ResidentReportTests() => _sysfs.Write("proc/meminfo", $"MemTotal: {(20 * Gibibyte) >> 10} kB\nMemAvailable: {(12 * Gibibyte) >> 10} kB\n");

    public void Dispose() => _sysfs.Dispose();

    [Fact]
    public async Task A_model_with_two_slots_counts_once_with_the_memory_and_the_domains_of_both()
    {
        await using TestServer server = await StartAsync();
        await LoadAsync(server, "m", 5 * Gibibyte);
        await LoadAsync(server, "embedder", Gibibyte, "POOLING=last\n");
        ModelHost host = server.Services.GetRequiredService<ModelHost>();
        await host.TryAddSlot(host.FindResident("m")!)!.WaitAsync(Patience);

        (JsonElement health, JsonElement ps, JsonElement status, string metrics) = await ReadAsync(server);

        foreach (JsonElement models in (JsonElement[])[health, ps, status])
            models.GetProperty("models").EnumerateArray().Select(static model => model.GetProperty("name").GetString()!.Split(':')[0]).Should().Equal("embedder", "m");
        JsonElement listed = ps.GetProperty("models")[1], known = health.GetProperty("models")[1];
        (listed.GetProperty("size").GetInt64(), listed.GetProperty("size_vram").GetInt64(), known.GetProperty("memory_bytes").GetInt64())
            .Should().Be((10 * Gibibyte, 10 * Gibibyte, 10 * Gibibyte));
        (listed.GetProperty("slots").GetInt32(), known.GetProperty("slots").GetInt32(), status.GetProperty("models")[1].GetProperty("slots").GetInt32()).Should().Be((2, 2, 2));
        listed.GetProperty("npu_domains").GetRawText().Should().Be("[1,2,4,5]", "the embedder has domain 3");
        known.GetProperty("npu_domains").GetRawText().Should().Be("[1,2,4,5]");
        (listed.GetProperty("state").GetString(), listed.GetProperty("pinned").GetBoolean()).Should().Be(("loaded", true));
        ps.GetProperty("models")[0].TryGetProperty("slots", out _).Should().BeFalse();
        metrics.Should().Contain("rkllama_model_info{model=\"m\"} 1\n").And.Contain($"rkllama_model_memory_bytes{{model=\"m\"}} {10 * Gibibyte}\n")
            .And.Contain("rkllama_model_slots{model=\"m\"} 2\n").And.Contain("rkllama_model_slots{model=\"embedder\"} 1\n");
    }

    [Fact]
    public async Task The_memory_of_the_node_and_what_is_free_are_reported_everywhere()
    {
        await using TestServer server = await StartAsync();
        await LoadAsync(server, "m", 5 * Gibibyte);

        (JsonElement health, JsonElement ps, JsonElement status, _) = await ReadAsync(server);

        string expected = $"{{\"total_bytes\":{20 * Gibibyte},\"available_bytes\":{12 * Gibibyte},\"reserved_bytes\":{Gibibyte},\"free_bytes\":{11 * Gibibyte},"
            + $"\"models_bytes\":{5 * Gibibyte},\"free_npu_domains\":13}}";
        foreach (JsonElement report in (JsonElement[])[health, ps, status])
            report.GetProperty("memory").GetRawText().Should().Be(expected);
    }

    [Fact]
    public async Task A_model_that_has_failed_is_not_in_memory()
    {
        await using TestServer server = await StartAsync();
        await LoadAsync(server, "m", 5 * Gibibyte);
        ModelInstance model = server.Services.GetRequiredService<ModelHost>().FindResident("m")!;
        while (model.State != ModelState.Failed)
        {
            FakeSession session = server.Engine.Sessions[^1];
            session.Crash("died");
            await EventuallyAsync(() =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return session.IsDisposed && model.State is ModelState.Ready or ModelState.Failed;
            });
        }

        (JsonElement health, JsonElement ps, JsonElement status, string metrics) = await ReadAsync(server);

        health.GetProperty("models")[0].GetRawText().Should().Be(
            """{"name":"m","state":"failed","pinned":true,"memory_bytes":0,"npu_domain":null,"expires_in_seconds":null,"npu_domains":[]}""");
        status.GetProperty("models")[0].GetProperty("memory_bytes").GetInt64().Should().Be(0);
        ps.GetProperty("models").GetArrayLength().Should().Be(0);
        (ps.GetProperty("memory").GetProperty("models_bytes").GetInt64(), ps.GetProperty("memory").GetProperty("free_npu_domains").GetInt32()).Should().Be((0, 15));
        metrics.Should().NotContain("rkllama_model_info{").And.NotContain("rkllama_model_memory_bytes{");
    }

    [Fact]
    public async Task A_model_that_loads_is_listed_with_the_memory_that_it_will_have()
    {
        TaskCompletionSource allowed = new();
        FakeEngine engine = new();
        Func<RkLlama.Engine.Workers.ModelLoadParameters, CancellationToken, Task<RkLlama.Engine.Workers.IEngineSession>> load = engine.Load;
        engine.Load = async (model, cancellationToken) =>
        {
            await allowed.Task.WaitAsync(cancellationToken);
            return await load(model, cancellationToken);
        };
        await using TestServer server = await StartAsync(engine);
        Add(server, "m", 5 * Gibibyte, "");
        Task<HttpResponseMessage> loading = server.PostAsync("/load_model", """{"model_name":"m"}""");
        await EventuallyAsync(() => server.Services.GetRequiredService<ModelHost>().FindResident("m")?.State == ModelState.Loading);

        (JsonElement health, JsonElement ps, _, string metrics) = await ReadAsync(server);

        (health.GetProperty("models")[0].GetProperty("state").GetString(), ps.GetProperty("models")[0].GetProperty("state").GetString()).Should().Be(("loading", "loading"));
        ps.GetProperty("models")[0].GetProperty("size").GetInt64().Should().Be(5 * Gibibyte);
        metrics.Should().Contain("rkllama_model_info{model=\"m\"} 1\n");
        allowed.SetResult();
        (await loading).Dispose();
    }

    private Task<TestServer> StartAsync(FakeEngine? engine = null) =>
        TestServer.StartAsync(engine, options => options with { MaxModels = 3, Slots = 2, SysfsRoot = _sysfs.Path }, _time);

    private static void Add(TestServer server, string name, long bytes, string keys)
    {
        server.AddModel(name, "FROM=\"m.rkllm\"\n" + keys);
        using FileStream file = File.OpenWrite(Path.Join(server.Models, name, "m.rkllm"));
        file.SetLength(bytes);
    }

    /// <summary>Loads a model, for the operator if it generates text.</summary>
    private static async Task LoadAsync(TestServer server, string name, long bytes, string keys = "")
    {
        Add(server, name, bytes, keys);
        using HttpResponseMessage response = keys.Length == 0
            ? await server.PostAsync("/load_model", $$"""{"model_name":"{{name}}"}""")
            : await server.PostAsync("/api/generate", $$"""{"model":"{{name}}"}""");
        response.IsSuccessStatusCode.Should().BeTrue(await response.Content.ReadAsStringAsync());
    }

    private static async Task<(JsonElement Health, JsonElement Ps, JsonElement Status, string Metrics)> ReadAsync(TestServer server) => (
        (await server.GetJsonAsync("/health")).Body,
        (await server.GetJsonAsync("/api/ps")).Body,
        (await server.GetJsonAsync("/node/status")).Body,
        await server.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative)));
}
