using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary><c>rkllama bench</c> with the published server and simulators of known speed. The bounds hold on a busy machine, too.</summary>
public sealed class BenchTests
{
    [Fact]
    public async Task A_model_that_is_eight_times_as_slow_is_measured_at_least_twice_as_slow()
    {
        await using Node node = await Node.StartAsync("1.2.3", null, ("RKLLM_SIMULATOR_SPEED", "1"));
        AddPaced(node, "quick", prefillMs: 1, decodeMs: 10);
        AddPaced(node, "Qwen2.5-1.5B", prefillMs: 8, decodeMs: 80);

        JsonElement quick = await BenchAsync(node, "quick");
        JsonElement slow = await BenchAsync(node, "Qwen2.5-1.5B");

        for (int row = 0; row < 2; row++)
        {
            (Row(slow, row, "prefill_ms") / Row(slow, row, "prompt_tokens") / (Row(quick, row, "prefill_ms") / Row(quick, row, "prompt_tokens"))).Should().BeGreaterThan(2);
            (Row(quick, row, "decode_tokens_per_second") / Row(slow, row, "decode_tokens_per_second")).Should().BeGreaterThan(2);
            Row(slow, row, "output_tokens").Should().Be(12);
        }

        (Row(slow, 1, "prompt_tokens") / Row(slow, 0, "prompt_tokens")).Should().BeApproximately(2, 0.5, "twice as many were requested");
        quick.GetProperty("vendor").ValueKind.Should().Be(JsonValueKind.Null);
        quick.GetProperty("no_vendor_figure").GetString().Should().Contain("family and size");
        JsonElement vendor = slow.GetProperty("vendor");
        vendor.GetProperty("decode_percent").GetDouble().Should().BeApproximately(
            Row(slow, 1, "decode_tokens_per_second") / vendor.GetProperty("tokens_per_second").GetDouble() * 100, 0.1);
        node.Trace("rkllm_init").Should().HaveCount(2, "each model was loaded once");
    }

    [Fact]
    public async Task The_loaded_model_is_measured_and_without_one_the_error_is_one_sentence()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        (int none, _, string error) = await Tool.RunAsync(["bench", "--url", node.Address.ToString()]);
        await node.LoadAsync();

        (int code, string output, _) = await Tool.RunAsync(["bench", "--url", node.Address.ToString(), "--lengths", "64", "--tokens", "4"]);

        none.Should().Be(1);
        error.Should().Contain("No models are currently loaded.").And.NotContain("   at ");
        code.Should().Be(0);
        output.Should().StartWith("demo on RKLLM 1.2.3, driver 0.9.8").And.Contain("no comparison: ");
    }

    [Theory]
    [InlineData("--url", "ftp://node1")]
    [InlineData("--lengths", "short")]
    [InlineData("--tokens", "1")]
    public async Task A_bad_option_is_named(string option, string value)
    {
        (int code, _, string error) = await Tool.RunAsync(["bench", option, value]);

        code.Should().Be(2);
        error.Should().Contain(option);
    }

    [Fact]
    public async Task The_NPU_command_prints_what_the_server_answers()
    {
        await using Node node = await Node.StartAsync(null);

        (_, JsonElement printed) = await Tool.RunJsonAsync(["npu"]);
        JsonElement answered = (await node.GetJsonAsync("/npu")).Body;

        printed.EnumerateObject().Select(field => field.Name).Should().Equal(answered.EnumerateObject().Select(field => field.Name));
        printed.GetProperty("memory").GetProperty("total_bytes").GetInt64().Should().Be(answered.GetProperty("memory").GetProperty("total_bytes").GetInt64());
        (await Tool.RunAsync(["npu", "--watch", "soon"])).Should().Match<(int Code, string Output, string Error)>(run => run.Code == 2 && run.Error.Contains("--watch"));
    }

    /// <summary>Measures 12 output tokens for prompts of about 64 and 128 tokens.</summary>
    private static async Task<JsonElement> BenchAsync(Node node, string model)
    {
        (int code, JsonElement report) = await Tool.RunJsonAsync(
            ["bench", model, "--url", node.Address.ToString(), "--lengths", "64,128", "--tokens", "12", "--target_platform", "rk3588"]);
        code.Should().Be(0);
        return report;
    }

    private static double Row(JsonElement report, int row, string name) => report.GetProperty("rows")[row].GetProperty(name).GetDouble();

    /// <summary>Adds the demo model with another speed. Its answers are longer than the measured number of tokens.</summary>
    private static void AddPaced(Node node, string name, int prefillMs, int decodeMs)
    {
        string file = Path.Combine(node.Models, "..", name + ".rkllm");
        File.WriteAllText(file, File.ReadAllText(TestPaths.DemoModel)
            .Replace("\"prefill_ms_per_token\": 2.95", $"\"prefill_ms_per_token\": {prefillMs}", StringComparison.Ordinal)
            .Replace("\"decode_ms_per_token\": 59.9", $"\"decode_ms_per_token\": {decodeMs}", StringComparison.Ordinal)
            .Replace("\"script\": [", "\"script\": [ {\"emit\": \" again\", \"repeat\": 200},", StringComparison.Ordinal));
        node.AddModel(name, file: file);
    }
}
