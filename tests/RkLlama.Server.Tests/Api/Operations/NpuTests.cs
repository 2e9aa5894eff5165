using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Operations;

/// <summary><c>GET /npu</c>.</summary>
public sealed class NpuTests : IDisposable
{
    private readonly Board _board = new();

    public void Dispose() => _board.Dispose();

    [Fact]
    public async Task The_response_has_all_readings()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { SysfsRoot = _board.Root });

        (HttpStatusCode status, JsonElement body) = await server.GetJsonAsync("/npu");

        status.Should().Be(HttpStatusCode.OK);
        body.GetProperty("platform").GetString().Should().Be("rk3588");
        body.GetProperty("driver_version").GetString().Should().Be("0.9.8");
        body.GetProperty("load_percent").GetRawText().Should().Be("[45,42,44]");
        body.GetProperty("temperatures")[2].GetRawText().Should().Be("""{"zone":"npu-thermal","celsius":45.3}""");
        body.GetProperty("memory").GetRawText().Should().Be("""{"total_bytes":8330670080,"available_bytes":6165508096}""");
        body.GetProperty("missing").GetArrayLength().Should().Be(0);
    }

    [Fact]
    public async Task Without_an_NPU_it_is_200_with_nulls_and_reasons()
    {
        _board.Delete("/sys");
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { SysfsRoot = _board.Root });

        (HttpStatusCode status, JsonElement body) = await server.GetJsonAsync("/npu");

        status.Should().Be(HttpStatusCode.OK);
        foreach (string name in (string[])["platform", "driver_version", "load_percent"])
            body.GetProperty(name).ValueKind.Should().Be(JsonValueKind.Null);
        body.GetProperty("clocks").EnumerateArray().Select(clock => clock.GetProperty("hertz").ValueKind).Should().Equal(JsonValueKind.Null, JsonValueKind.Null, JsonValueKind.Null);
        body.GetProperty("missing").EnumerateArray().Should().Contain(missing => missing.GetRawText() == """{"reading":"load","reason":"/sys/kernel/debug/rknpu/load is not there"}""");
    }

    [Fact]
    public async Task The_endpoint_needs_the_key()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { ApiKey = "secret" });

        (await server.GetJsonAsync("/npu")).Status.Should().Be(HttpStatusCode.Unauthorized);
    }
}
