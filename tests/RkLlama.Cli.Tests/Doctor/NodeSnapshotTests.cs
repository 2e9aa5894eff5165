using RkLlama.Cli.Doctor;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Cli.Tests.Doctor;

/// <summary>The checks use the settings, the user and the sandbox of the service.</summary>
public sealed class NodeSnapshotTests : IDisposable
{
    private readonly HealthyNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Options_override_the_service_and_the_environment_does_not()
    {
        _node.Shell["RKLLAMA_MODELS"] = "/somewhere";
        _node.Shell["RKLLAMA_PORT"] = "9999";
        _node.Options["port"] = "8085";

        NodeSnapshot node = _node.Snapshot();

        (node.Settings.Port, node.Settings.ModelsDirectory).Should().Be((8085, "/var/lib/rkllama/models"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("[Service]\nExecStart=/opt/rkllama/venv/bin/python3 /opt/rkllama/server.py --port 8080\n")]
    public void Without_the_service_the_environment_of_the_shell_counts(string? unit)
    {
        _node.Board.Delete(HealthyNode.Unit);
        if (unit is not null)
            _node.Board.Write("/etc/systemd/system/rkllama.service", unit);
        _node.Shell["RKLLAMA_PORT"] = "9999";

        NodeSnapshot node = _node.Snapshot();

        node.Unit.Should().BeNull();
        node.Settings.Port.Should().Be(9999);
    }

    [Fact]
    public void Two_invalid_settings_are_two_lines_and_change_no_others()
    {
        IReadOnlyList<Finding> before = _node.Check();
        _node.Board.Write("/etc/rkllama/rkllama.env", "RKLLAMA_QUEUE=many\nRKLLAMA_DRAIN=-1\n");

        Finding[] changed = [.. _node.Check().Except(before)];

        changed.Select(finding => finding.Id).Should().Equal(CheckIds.Settings, CheckIds.Settings);
        changed.Select(finding => finding.Text.Split(':')[0]).Should().BeEquivalentTo("RKLLAMA_QUEUE", "RKLLAMA_DRAIN");
    }

    [Fact]
    public void The_library_is_searched_in_the_home_of_the_services_user()
    {
        _node.Board.Delete(HealthyNode.Library);
        _node.Board.Write("/var/lib/rkllama/RKLLAMA/lib/librkllmrt.so", "a library");

        Line(CheckIds.Library).Text.Should().Contain(" at /var/lib/rkllama/RKLLAMA/lib/librkllmrt.so ");
    }

    [Theory]
    [InlineData("", "/var/lib/rkllama/.cache/huggingface/hub")]
    [InlineData("HF_HOME=/srv/hf\n", "/srv/hf/hub")]
    [InlineData("HF_HUB_CACHE=/srv/cache\n", "/srv/cache")]
    public void Tokenizers_are_searched_in_the_cache_of_the_service(string environment, string cache)
    {
        const string Tokenizer = "/var/lib/rkllama/models/M/tokenizer.json";
        string folder = $"{cache}/models--Org--Name/snapshots/abc";
        _node.Board.Write("/etc/rkllama/rkllama.env", environment);
        _node.Board.Write(HealthyNode.Modelfile, "FROM=\"m.rkllm\"\nHUGGINGFACE_PATH=\"Org/Name\"\n");
        Directory.CreateDirectory(_node.Board.At(folder));
        File.Move(_node.Board.At(Tokenizer), _node.Board.At(folder + "/tokenizer.json"));

        Line(CheckIds.Tokenizer).Verdict.Should().Be(Verdict.Ok);
    }

    [Fact]
    public void Without_root_the_permissions_of_the_current_user_are_checked_but_not_the_services_key_file()
    {
        _node.Board.Write("/etc/rkllama/rkllama.env", "RKLLAMA_API_KEY_FILE=/etc/rkllama/key\n");
        _node.Denied.AddRange(["/etc/rkllama/key", "/dev/dri/renderD129"]);
        _node.User = "web";

        Line(CheckIds.NpuPermission).Text.Should().StartWith("the user 'web' may not open");
        Line(CheckIds.ModelPermission).Text.Should().Be("the user 'web' may read the models");
        Line(CheckIds.Settings).Verdict.Should().Be(Verdict.Ok);
    }

    private Finding Line(string id) => _node.Check().Single(finding => finding.Id == id);
}
