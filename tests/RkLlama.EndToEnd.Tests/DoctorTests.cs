using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Faults;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary><c>rkllama doctor</c> with real processes, sockets and libraries. RkLlama.Cli.Tests test the single checks.</summary>
public sealed class DoctorTests
{
    [Theory]
    [InlineData("1.1.4-marker", "library", "ok", "RKLLM 1.1.4")]
    [InlineData("1.2.3", "library", "ok", "RKLLM 1.2.3")]
    [InlineData("1.3.0-nomarker", "library", "ok", "RKLLM 1.3.0")]
    [InlineData("1.0.1", "library-version", "failure", "1.0.x")]
    [InlineData("9.9.9", "library-version", "warning", "newer than any version")]
    [InlineData("1.2.3-missing-dep", "library-needs", "failure", "libgomp-absent.so.1")]
    public async Task The_library_is_identified_in_its_own_process(string build, string id, string verdict, string says)
    {
        JsonElement line = await LineAsync(id, "--library", TestPaths.Simulator(build));

        line.GetProperty("verdict").GetString().Should().Be(verdict);
        line.GetProperty("text").GetString().Should().Contain(says);
    }

    [Fact]
    public async Task A_file_that_is_not_a_library_is_a_failure()
    {
        JsonElement line = await LineAsync("library-file", "--library", TestPaths.DemoModel);

        line.GetProperty("verdict").GetString().Should().Be("failure");
        line.GetProperty("text").GetString().Should().Contain("not a library for this machine");
    }

    [Fact]
    public async Task The_process_that_holds_the_port_is_named()
    {
        await using Node node = await Node.StartAsync(null);
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();

        JsonElement ours = await LineAsync("port", "--port", Number(node.Address.Port));
        JsonElement others = await LineAsync("port", "--port", Number(((IPEndPoint)other.LocalEndpoint).Port));

        ours.GetProperty("text").GetString().Should().Be($"the server listens on {node.Address.Port}");
        others.GetProperty("verdict").GetString().Should().Be("failure");
        others.GetProperty("text").GetString().Should().EndWith($"(process {Environment.ProcessId})");
    }

    [Fact]
    public async Task A_directory_of_valid_models_has_no_failure_and_the_exit_code_shows_failures()
    {
        string models = Path.Combine(TestPaths.Root, "models", "samples", "..");

        (int code, JsonElement report) = await Tool.RunJsonAsync(["doctor", "--models", models, "--library", TestPaths.Simulator("1.2.3")]);
        (_, string text, _) = await Tool.RunAsync(["doctor", "--models", models, "--library", TestPaths.Simulator("1.2.3")]);

        string[] failures = [.. report.GetProperty("findings").EnumerateArray().Where(line => line.GetProperty("verdict").GetString() == "failure").Select(line => line.GetProperty("id").GetString()!)];
        failures.Should().NotContain(id => id.StartsWith("model", StringComparison.Ordinal) || id.StartsWith("library", StringComparison.Ordinal));
        code.Should().Be(failures.Length > 0 ? 1 : 0);
        report.GetProperty("failures").GetInt32().Should().Be(failures.Length);
        text.Should().MatchRegex(@"\n[0-9]+ ok, [0-9]+ warnings?, [0-9]+ failures?\n$").And.Contain("\nok       model-file        every model file exists");
    }

    [Theory]
    [InlineData("bad_magic", "model-file")]
    [InlineData("too_new", "model-file")]
    [InlineData("too_old", "model-file")]
    [InlineData("wrong_platform", "platform")]
    [InlineData("unknown_platform", "platform")]
    [InlineData("npu_oom", "model-memory")]
    [InlineData("no_device", "npu-device")]
    [InlineData("too_many_files", "limits")]
    [InlineData("sigill", "library-version")]
    [InlineData("init_hang", null)]
    public async Task A_load_that_the_library_refuses_names_its_check(string fault, string? check)
    {
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", "--load-timeout", fault == "init_hang" ? "1" : "60"], ("RKLLM_SIMULATOR_FAULT", fault));
        node.AddModel("demo");

        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/load_model", """{"model_name":"demo"}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("see").GetString().Should().Be(check is null ? "rkllama doctor" : $"rkllama doctor ({check})", "{0}", body);
    }

    [Fact]
    public void Every_fault_of_a_load_that_is_refused_is_in_the_table_above()
    {
        string[] tested = [.. typeof(DoctorTests).GetMethod(nameof(A_load_that_the_library_refuses_names_its_check))!
            .GetCustomAttributesData().Where(data => data.AttributeType == typeof(InlineDataAttribute))
            .Select(data => (string)((IReadOnlyCollection<System.Reflection.CustomAttributeTypedArgument>)data.ConstructorArguments[0].Value!).First().Value!)];

        // init0_broken is not in the table above, because that load succeeds on 1.2.3.
        tested.Append("init0_broken").Should().BeEquivalentTo(LoadFaults.Refused.Select(fault => fault.Name));
    }

    private static async Task<JsonElement> LineAsync(string id, params string[] options)
    {
        (_, JsonElement report) = await Tool.RunJsonAsync(["doctor", "--models", Path.Combine(TestPaths.Root, "models"), .. options]);
        JsonElement[] lines = [.. report.GetProperty("findings").EnumerateArray().Where(line => line.GetProperty("id").GetString() == id)];
        lines.Should().ContainSingle("{0}", report);
        return lines[0];
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
