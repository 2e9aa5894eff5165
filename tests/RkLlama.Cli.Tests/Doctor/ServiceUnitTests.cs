using RkLlama.Cli.Doctor;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Cli.Tests.Doctor;

/// <summary>Unit, drop-ins and environment files are combined as systemd combines them.</summary>
public sealed class ServiceUnitTests : IDisposable
{
    // The lines that the migration script writes.
    private const string Migrated = "ProtectHome=no\nTemporaryFileSystem=/root:ro,mode=0755 /home:ro,mode=0755 /run/user:ro,mode=0755\nBindPaths=/root/RKLLAMA/models\n";

    private readonly HealthyNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void A_drop_in_changes_the_port_that_is_checked()
    {
        _node.Board.Write("/etc/systemd/system/rkllama.service.d/override.conf", "[Service]\nEnvironment=\"PORT=8081\"\n");

        _node.Snapshot().Settings.Port.Should().Be(8081);
        Line(CheckIds.Port).Text.Should().Be("port 8081 is held by a process of the user web (root can see which)");
    }

    [Fact]
    public void The_environment_file_overrides_drop_ins_and_a_later_drop_in_an_earlier_one()
    {
        _node.Board.Write("/etc/systemd/system/rkllama.service.d/10-migrated.conf", "[Service]\nEnvironment=\"PORT=8081\" 'RKLLAMA_QUEUE=3'\nEnvironment=RKLLAMA_HOST=127.0.0.1\n");
        _node.Board.Write("/usr/lib/systemd/system/rkllama.service.d/20-more.conf", "[Service]\nEnvironment=PORT=8082\n");
        _node.Board.Write("/etc/rkllama/rkllama.env", "#RKLLAMA_QUEUE=1\nRKLLAMA_QUEUE=\"7\"\n");

        NodeSnapshot node = _node.Snapshot();

        (node.Settings.Port, node.Settings.QueueLength, node.Settings.Host!.ToString()).Should().Be((8082, 7, "127.0.0.1"));
    }

    [Fact]
    public void An_empty_environment_file_resets_the_list()
    {
        _node.Board.Write("/etc/systemd/system/rkllama.service.d/10-own.conf", "[Service]\nEnvironmentFile=\nEnvironmentFile=/etc/own.env\n");
        _node.Board.Write("/etc/rkllama/rkllama.env", "PORT=8081\n");
        _node.Board.Write("/etc/own.env", "PORT=8082\n");

        _node.Snapshot().Settings.Port.Should().Be(8082);
    }

    [Fact]
    public void The_administrators_unit_replaces_the_packaged_unit()
    {
        _node.Board.Write("/etc/systemd/system/rkllama.service", "[Service]\nUser=web\nExecStart=/opt/rkllama/rkllama \\\n  --port=9000 --models /srv/models\n");

        NodeSnapshot node = _node.Snapshot();

        (node.Settings.Port, node.Settings.ModelsDirectory, node.Unit!.User).Should().Be((9000, "/srv/models", "web"));
    }

    [Theory]
    [InlineData("", "/root/x.rkllm", true)]
    [InlineData("", "/var/tmp/x.rkllm", true)]
    [InlineData("", "/srv/x.rkllm", false)]
    [InlineData("ProtectHome=no\nPrivateTmp=no\n", "/root/x.rkllm", false)]
    [InlineData("ProtectHome=no\nPrivateTmp=no\n", "/tmp/x.rkllm", false)]
    [InlineData(Migrated, "/root/x.rkllm", true)]
    [InlineData(Migrated, "/home/me/x.rkllm", true)]
    [InlineData(Migrated, "/root/RKLLAMA/models/x.rkllm", false)]
    [InlineData("BindPaths=/data/models:/root/models:rbind\n", "/root/models/x.rkllm", false)]
    [InlineData("BindReadOnlyPaths=-/data/models:/root/models\n", "/root/models/x.rkllm", false)]
    public void Hides_follows_the_sandbox_of_the_unit(string dropIn, string path, bool isHidden)
    {
        _node.Board.Write("/etc/systemd/system/rkllama.service.d/10-migrated.conf", "[Service]\n" + dropIn);

        _node.Snapshot().Unit!.Hides(path).Should().Be(isHidden);
    }

    private Finding Line(string id) => _node.Check().Single(finding => finding.Id == id);
}
