using RkLlama.EndToEnd.Tests.Support;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.EndToEnd.Tests.Pull;

/// <summary>A real model on a machine without an NPU.</summary>
public sealed class PulledModelTests
{
    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task A_real_model_is_pulled_and_its_run_says_that_a_simulator_cannot_run_it_and_what_can(string runtime)
    {
        await using StandInHub hub = await StandInHub.StartAsync();
        hub.Add("someone/Real-RK3588").Add("real-w8a8-rk3588.rkllm", new Content(3_000_000, 5));
        await using Node node = await Node.StartAsync(runtime, null, ("HF_ENDPOINT", hub.Address.ToString()), ("HF_HUB_OFFLINE", null), ("RKLLAMA_TARGET_PLATFORM", "rk3588"));

        (int pulled, string ready, string progress) = await Tool.RunAsync(["pull", "someone/Real-RK3588"], ("RKLLAMA_HOST", node.Address.ToString()));
        (int code, string output, string error) = await Tool.RunAsync(["run", "Real-RK3588", "Hello"], ("RKLLAMA_HOST", node.Address.ToString()));

        pulled.Should().Be(0, progress);
        ready.Should().Be("'Real-RK3588' is ready (3 MB): rkllama run Real-RK3588\n");
        (code, output).Should().Be((1, ""));
        error.Should().StartWith("Error: this is the simulator, which answers from scripts such as the model demo and cannot run a language model; "
            + "a board with an RK3588 or RK3576 and Rockchip's librkllmrt.so can");
        error.TrimEnd('\n').Should().NotContain("\n");
    }
}
