using System.Diagnostics;
using RkLlama.EndToEnd.Tests.Support;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.EndToEnd.Tests.Pull;

/// <summary>The published server takes the token from the file of the node.</summary>
public sealed class TokenFileTests
{
    private const string Repository = "someone/Gated-RK3588-RKLLM-1.2.3", Advice = "put a token of your account into /etc/rkllama/hf-token on the node, or HF_TOKEN of the server";

    // This directory /etc is that of the server only.
    private const string OwnEtc = "mount -t tmpfs tmpfs /etc && mkdir /etc/rkllama && exec \"$@\"";

    [BareRootFact]
    public async Task A_token_in_etc_is_valid_from_the_next_pull_on()
    {
        await using StandInHub hub = await StandInHub.StartAsync();
        hub.Add(Repository).Add("model-w8a8-rk3588.rkllm", new Content(100_000, 1)).Add("tokenizer.json", "{}").Add("tokenizer_config.json", "{}");
        hub.Add(Repository).IsGated = true;
        await using Node node = await StartAsync(hub);
        string file = $"/proc/{node.ProcessId}/root/etc/rkllama/hf-token";

        (int Code, string Output, string Error) without = await PullAsync(node);
        await System.IO.File.WriteAllTextAsync(file, "hf_wrong\n");
        (int Code, string Output, string Error) wrong = await PullAsync(node);
        await System.IO.File.WriteAllTextAsync(file, hub.Token + "\n");
        (int Code, string Output, string Error) right = await PullAsync(node);

        (without.Code, wrong.Code, right.Code).Should().Be((1, 1, 0), right.Error);
        without.Error.Should().EndWith($"Error: the repository is gated: ask for access on {hub.Address}{Repository}, then {Advice}.\n");
        wrong.Error.Should().EndWith("Error: 127.0.0.1 does not accept the token: check /etc/rkllama/hf-token on the node, or HF_TOKEN of the server.\n");
        hub.TokenReachedStorage.Should().BeFalse();
        (wrong.Error + right.Error + node.Log).Should().NotContain("hf_wrong").And.NotContain(hub.Token);
    }

    private static Task<(int Code, string Output, string Error)> PullAsync(Node node) => Tool.RunAsync(["pull", Repository], ("RKLLAMA_HOST", node.Address.ToString()));

    private static Task<Node> StartAsync(StandInHub hub)
    {
        string home = Directory.CreateTempSubdirectory("rkllama-token-").FullName;
        Directory.CreateDirectory(Path.Combine(home, "RKLLAMA", "models"));
        ProcessStartInfo info = new(
            "env", ["--default-signal=INT,TERM", "unshare", "--mount", "sh", "-c", OwnEtc, "sh", TestPaths.Executable, "--host", "127.0.0.1", "--port", "0", "--target_platform", "rk3588"]);
        info.Environment["HOME"] = home;
        info.Environment["HF_ENDPOINT"] = hub.Address.ToString();
        info.Environment["RKLLAMA_LIBRARY"] = Path.Combine(home, "no-library.so");
        return Node.LaunchAsync(info, home);
    }
}
