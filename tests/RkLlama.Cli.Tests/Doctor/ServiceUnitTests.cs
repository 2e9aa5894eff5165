using RkLlama.Cli.Doctor;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Tests.Support;
using RkLlama.Prompts.Jinja.Library;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Cli.Tests.Doctor;

/// <summary>The doctor looks at the service's port, models and user, as systemd would put them together.</summary>
public sealed class ServiceUnitTests : IDisposable
{
    // As a takeover writes it.
    private const string Migrated = "ProtectHome=no\nTemporaryFileSystem=/root:ro,mode=0755 /home:ro,mode=0755 /run/user:ro,mode=0755\nBindPaths=/root/RKLLAMA/models\n";

    private readonly HealthyNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void The_guides_drop_in_changes_the_port_that_is_looked_at()
    {
        _node.Board.Write("/etc/systemd/system/rkllama.service.d/override.conf", "[Service]\nEnvironment=\"PORT=8081\"\n");

        _node.Patient().Settings.Port.Should().Be(8081);
        Line(CheckIds.Port).Text.Should().Be("port 8081 is held by a process of the user web (root can see which)");
    }

    [Fact]
    public void The_environment_file_beats_drop_ins_and_a_later_drop_in_an_earlier_one()
    {
        _node.Board.Write("/etc/systemd/system/rkllama.service.d/10-migrated.conf", "[Service]\nEnvironment=\"PORT=8081\" 'RKLLAMA_QUEUE=3'\nEnvironment=RKLLAMA_HOST=127.0.0.1\n");
        _node.Board.Write("/usr/lib/systemd/system/rkllama.service.d/20-more.conf", "[Service]\nEnvironment=PORT=8082\n");
        _node.Board.Write("/etc/rkllama/rkllama.env", "#RKLLAMA_QUEUE=1\nRKLLAMA_QUEUE=\"7\"\n");

        Patient patient = _node.Patient();

        (patient.Settings.Port, patient.Settings.QueueLength, patient.Settings.Host!.ToString()).Should().Be((8082, 7, "127.0.0.1"));
    }

    [Fact]
    public void The_administrators_unit_takes_the_place_of_the_packages()
    {
        _node.Board.Write("/etc/systemd/system/rkllama.service", "[Service]\nUser=web\nExecStart=/opt/rkllama/rkllama \\\n  --port=9000 --models /srv/models\n");

        Patient patient = _node.Patient();

        (patient.Settings.Port, patient.Settings.Models, patient.Unit!.User).Should().Be((9000, "/srv/models", "web"));
    }

    [Fact]
    public void The_doctors_own_options_beat_the_service_and_its_environment_does_not()
    {
        _node.Shell["RKLLAMA_MODELS"] = "/somewhere";
        _node.Shell["RKLLAMA_PORT"] = "9999";
        _node.Options["port"] = "8085";

        Patient patient = _node.Patient();

        (patient.Settings.Port, patient.Settings.Models).Should().Be((8085, "/var/lib/rkllama/models"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("[Service]\nExecStart=/opt/rkllama/venv/bin/python3 /opt/rkllama/server.py --port 8080\n")]
    public void Without_our_service_the_shells_environment_counts(string? unit)
    {
        _node.Board.Delete(HealthyNode.Unit);
        if (unit is not null)
            _node.Board.Write("/etc/systemd/system/rkllama.service", unit);
        _node.Shell["RKLLAMA_PORT"] = "9999";

        Patient patient = _node.Patient();

        patient.Unit.Should().BeNull();
        patient.Settings.Port.Should().Be(9999);
    }

    [Fact]
    public void Two_faults_in_the_settings_are_two_lines_and_change_no_other()
    {
        IReadOnlyList<Finding> before = _node.Examine();
        _node.Board.Write("/etc/rkllama/rkllama.env", "RKLLAMA_QUEUE=many\nRKLLAMA_DRAIN=-1\n");

        Finding[] changed = [.. _node.Examine().Except(before)];

        changed.Select(finding => finding.Id).Should().Equal(CheckIds.Settings, CheckIds.Settings);
        changed.Select(finding => finding.Text.Split(':')[0]).Should().BeEquivalentTo("RKLLAMA_QUEUE", "RKLLAMA_DRAIN");
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
    public void What_the_sandbox_hides_the_service_cannot_see(string dropIn, string path, bool isHidden)
    {
        _node.Board.Write("/etc/systemd/system/rkllama.service.d/10-migrated.conf", "[Service]\n" + dropIn);

        _node.Patient().Unit!.Hides(path).Should().Be(isHidden);
    }

    [Fact]
    public void The_library_is_looked_for_where_the_services_user_lives()
    {
        _node.Board.Delete(HealthyNode.Library);
        _node.Board.Write("/var/lib/rkllama/RKLLAMA/lib/librkllmrt.so", "a library");

        Line(CheckIds.Library).Text.Should().Contain(" at /var/lib/rkllama/RKLLAMA/lib/librkllmrt.so ");
    }

    [Theory]
    [InlineData("", "/var/lib/rkllama/.cache/huggingface/hub")]
    [InlineData("HF_HOME=/srv/hf\n", "/srv/hf/hub")]
    [InlineData("HF_HUB_CACHE=/srv/cache\n", "/srv/cache")]
    public void Tokenizers_are_looked_for_in_the_services_cache(string environment, string cache)
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
    public void Whoever_is_not_root_is_told_of_his_own_rights_and_not_of_the_services_secrets()
    {
        _node.Board.Write("/etc/rkllama/rkllama.env", "RKLLAMA_API_KEY_FILE=/etc/rkllama/key\n");
        _node.Refused.AddRange(["/etc/rkllama/key", "/dev/dri/renderD129"]);
        _node.User = "web";

        Line(CheckIds.NpuPermission).Text.Should().StartWith("the user 'web' may not open");
        Line(CheckIds.ModelPermission).Text.Should().Be("the user 'web' may read the models");
        Line(CheckIds.Settings).Verdict.Should().Be(Verdict.Ok);
    }

    private Finding Line(string id) => _node.Examine().Single(finding => finding.Id == id);
}
