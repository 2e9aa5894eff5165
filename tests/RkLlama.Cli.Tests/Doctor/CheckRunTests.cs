using RkLlama.Cli.Doctor;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;

namespace RkLlama.Cli.Tests.Doctor;

/// <summary>Each test breaks one thing on a healthy node. Only the output line of its check may change.</summary>
public sealed class CheckRunTests
{
    private sealed record Break(string Id, Verdict Verdict, string Says, Action<HealthyNode> Do);

    private static readonly Break[] Breaks =
    [
        new(CheckIds.Platform, Verdict.Warning, "names neither", node => node.Board.Write("/sys/firmware/devicetree/base/compatible", "raspberrypi,5-model-b\0")),
        new(CheckIds.Platform, Verdict.Failure, "the chip is an rk3588", node => node.Board.Write("/etc/rkllama/rkllama.env", "RKLLAMA_TARGET_PLATFORM=rk3576\n")),
        new(CheckIds.Kernel, Verdict.Warning, "6.12.4-edge", node => node.Board.Write("/proc/sys/kernel/osrelease", "6.12.4-edge\n")),
        new(CheckIds.NpuDriver, Verdict.Failure, "rknpu is not loaded", node =>
        {
            node.Board.Delete(Board.Debugfs);
            node.Board.Delete("/sys/module/rknpu");
        }),
        new(CheckIds.NpuDriver, Verdict.Warning, "rknpu 0.9.7 is older than the 0.9.8 that RKLLM runtime 1.2.3 requires", node => node.Board.Write($"{Board.Debugfs}/version", "RKNPU driver: v0.9.7\n")),
        new(CheckIds.NpuDevice, Verdict.Failure, "no NPU device", node => node.Board.Delete("/dev/dri/renderD129")),
        new(CheckIds.NpuPermission, Verdict.Failure, "the user 'rkllama' may not open /dev/dri/renderD129", node => node.Denied.Add("/dev/dri/renderD129")),
        new(CheckIds.NpuPermission, Verdict.Failure, "may not open /dev/dma_heap/system", node => node.Denied.Add("/dev/dma_heap/system")),
        new(CheckIds.NpuUsers, Verdict.Warning, "frigate (process 900) also has the NPU open", node => node.Process(900, "frigate", "/dev/dri/renderD129")),
        new(CheckIds.Library, Verdict.Failure, "in none of", node => node.Board.Delete(HealthyNode.Library)),
        new(CheckIds.LibraryFile, Verdict.Failure, "not a library for this machine", node => node.Runtime = new(null,
            "The RKLLM runtime could not be loaded (/usr/lib/librkllmrt.so: invalid ELF header): the file is not a library for this machine; copy the aarch64 library of a Rockchip RKLLM release.", FailureCode.LibraryNotLoadable)),
        new(CheckIds.LibraryNeeds, Verdict.Failure, "apt-get install libgomp1", node => node.Runtime = new(null,
            "The RKLLM runtime could not be loaded (libgomp.so.1: cannot open shared object file: No such file or directory): install its dependency with 'apt-get install libgomp1'.", FailureCode.LibraryDependencyMissing)),
        new(CheckIds.LibraryVersion, Verdict.Failure, "contradicts itself", node => node.Runtime = new(null, "The RKLLM runtime contradicts itself (symbols, marker 1.1.4): set RKLLAMA_RUNTIME_VERSION.", FailureCode.LibraryNotIdentified)),
        new(CheckIds.LibraryVersion, Verdict.Failure, "SIGILL", node => node.Runtime = new(null, "the worker was killed by SIGILL", FailureCode.IllegalInstruction)),
        new(CheckIds.LibraryVersion, Verdict.Failure, "SIGKILL", node => node.Runtime = new(null, "the worker was killed by SIGKILL", FailureCode.Killed)),
        new(CheckIds.LibraryVersion, Verdict.Failure, "took longer than 300 s", node => node.Runtime = new(null, "the runtime took longer than 300 s to open")),
        new(CheckIds.LibraryVersion, Verdict.Warning, "newer than any version", node => node.Runtime = node.Runtime with
        {
            Info = node.Runtime.Info! with { Warning = "RKLLM runtime 9.9.9 is newer than any version this program knows; it is driven as 1.3.1." },
        }),
        new(CheckIds.RknnLibrary, Verdict.Failure, "librknnrt.so: The RKNN runtime 1.5.2 is too old",
            node => node.RknnLibrary = () => throw new EngineException("The RKNN runtime 1.5.2 is too old: install 1.6.0 or later.")),
        new(CheckIds.RknnLibrary, Verdict.Warning, "newer than any version", node => node.RknnLibrary = () => new("2.4.1", "The RKNN runtime 2.4.1 is newer than any version this program knows.")),
        new(CheckIds.RknnLibrary, Verdict.Failure, "/opt/absent.so does not exist", node => node.Board.Write("/etc/rkllama/rkllama.env", "RKLLAMA_RKNN_LIBRARY=/opt/absent.so\n")),
        new(CheckIds.Settings, Verdict.Failure, "RKLLAMA_QUEUE: 'many'", node => node.Board.Write("/etc/rkllama/rkllama.env", "RKLLAMA_QUEUE=many\n")),
        new(CheckIds.Settings, Verdict.Failure, "RKLLAMA_API_KEY_FILE: the user 'rkllama' cannot read /etc/rkllama/key", node =>
        {
            node.Board.Write("/etc/rkllama/rkllama.env", "RKLLAMA_API_KEY_FILE=/etc/rkllama/key\n");
            node.Board.Write("/etc/rkllama/key", "secret\n");
            node.Denied.Add("/etc/rkllama/key");
        }),
        new(CheckIds.Settings, Verdict.Failure, "RKLLAMA_API_KEY_FILE: '/etc/rkllama/key' cannot be read",
            node => node.Board.Write("/etc/rkllama/rkllama.env", "RKLLAMA_API_KEY_FILE=/etc/rkllama/key\n")),
        new(CheckIds.Port, Verdict.Failure, "port 8080 is held by python3 (process 950)", node =>
        {
            node.Process(950, "python3", "socket:[7002]");
            node.Board.Delete("/proc/812/fd/5");
        }),
        new(CheckIds.Server, Verdict.Warning, "does not listen on 8080", node => node.Board.Write("/proc/net/tcp6", "")),
        new(CheckIds.Server, Verdict.Failure, "listens on 8080 and does not answer", node => node.Health = null),
        new(CheckIds.Server, Verdict.Failure, "stuck in the driver", node => node.Health = HealthyNode.HealthOf("stuck", "null")),
        new(CheckIds.Server, Verdict.Failure, "the server's model has failed; its last fault, at 2026-11-26 10:00:00Z: M: the worker was killed by SIGSEGV",
            node => node.Health = HealthyNode.HealthOf("failed", """{"at":"2026-11-26T10:00:00Z","model":"M","reason":"the worker was killed by SIGSEGV"}""")),
        new(CheckIds.Limits, Verdict.Warning, "only 1024 files", node => node.Board.Write("/proc/812/limits", HealthyNode.Limits("1024", "8388608", "unlimited"))),
        new(CheckIds.Limits, Verdict.Warning, "only 0 bytes may be locked", node => node.Board.Write("/proc/812/limits", HealthyNode.Limits("102400", "0", "unlimited"))),
        new(CheckIds.Limits, Verdict.Warning, "limited to 4294967296 bytes", node => node.Board.Write("/proc/812/limits", HealthyNode.Limits("102400", "8388608", "4294967296"))),
        new(CheckIds.Modelfile, Verdict.Failure, "/var/lib/rkllama/models/M/Modelfile:1:", node => node.Board.Write(HealthyNode.Modelfile, "FROM=\"m.rkllm\nTEMPERATURE=1\n")),
        new(CheckIds.Modelfile, Verdict.Warning, "unknown key 'TEMPRATURE'", node => node.Board.Write(HealthyNode.Modelfile, "FROM=\"m.rkllm\"\nTEMPRATURE=1\n")),
        new(CheckIds.Modelfile, Verdict.Failure, "FROM or HUGGINGFACE_PATH not defined", node => node.Board.Write(HealthyNode.Modelfile, "TEMPERATURE=1\n")),
        new(CheckIds.ModelFile, Verdict.Failure, "Git LFS pointer", node => node.Board.Write(HealthyNode.Model, "version https://git-lfs.github.com/spec/v1\n")),
        new(CheckIds.ModelFile, Verdict.Failure, "does not exist", node => node.Board.Delete(HealthyNode.Model)),
        new(CheckIds.ModelPermission, Verdict.Failure, "the user 'rkllama' cannot read " + HealthyNode.Model, node => node.Denied.Add(HealthyNode.Model)),
        new(CheckIds.ModelPermission, Verdict.Failure, "the user 'rkllama' cannot read " + HealthyNode.Modelfile, node => node.Denied.Add(HealthyNode.Modelfile)),
        new(CheckIds.ModelPermission, Verdict.Failure, "cannot read /var/lib/rkllama/models/M/tokenizer.json", node => node.Denied.Add("/var/lib/rkllama/models/M/tokenizer.json")),
        new(CheckIds.ModelPermission, Verdict.Failure, "cannot read /var/lib/rkllama/models/M/tok/tokenizer.json", node =>
        {
            node.Board.Write("/var/lib/rkllama/models/M/tok/tokenizer.json", File.ReadAllText(node.Board.At("/var/lib/rkllama/models/M/tokenizer.json")));
            node.Board.Write(HealthyNode.Modelfile, "FROM=\"m.rkllm\"\nTOKENIZER=\"tok/tokenizer.json\"\n");
            node.Denied.Add("/var/lib/rkllama/models/M/tok/tokenizer.json");
        }),
        new(CheckIds.ModelMemory, Verdict.Warning, "larger than the 0 MiB that are free now", node => node.Board.Write("/proc/meminfo", "MemTotal: 8135420 kB\nMemAvailable: 2 kB\n")),
        new(CheckIds.ModelMemory, Verdict.Failure, "larger than the memory of this node", node => node.Board.Write("/proc/meminfo", "MemTotal: 2 kB\nMemAvailable: 1 kB\n")),
        new(CheckIds.Tokenizer, Verdict.Warning, "No tokenizer.json found", node => node.Board.Delete("/var/lib/rkllama/models/M/tokenizer.json")),
        new(CheckIds.Template, Verdict.Warning, "cannot be used", node => node.Board.Write("/var/lib/rkllama/models/M/chat_template.jinja", "{% for %}")),
        new(CheckIds.Disk, Verdict.Warning, "only 100 MiB", node => node.FreeBytes = 100 << 20),
        new(CheckIds.NpuClock, Verdict.Warning, "the NPU runs at 300 of 1000 MHz", node => node.Board.Device(Board.Npu, 300_000_000, "300000000 1000000000")),
        new(CheckIds.CpuClock, Verdict.Warning, "cpu4 at 2352 of 2352 MHz, governor ondemand", node => node.Board.Cpu(4, 2_352_000, "ondemand")),
        new(CheckIds.DdrClock, Verdict.Warning, "runs at 528 of 2112 MHz, governor dmc_ondemand: expect half the speed",
            node => node.Board.Device(Board.Ddr, 528_000_000, "528000000 2112000000", "dmc_ondemand")),
        new(CheckIds.Temperature, Verdict.Warning, "npu-thermal has 91 °C", node => node.Board.Write("/sys/class/thermal/thermal_zone6/temp", "91200\n")),
    ];

    public static TheoryData<int> Numbers() => [.. Enumerable.Range(0, Breaks.Length)];

    [Fact]
    public void A_healthy_node_passes_all_checks()
    {
        using HealthyNode node = new();

        IReadOnlyList<Finding> findings = node.Check();

        findings.Should().OnlyContain(finding => finding.Verdict == Verdict.Ok);
        DoctorCommand.Report(findings, json: false, TextWriter.Null).Should().Be(0);
    }

    [Fact]
    public void A_node_without_the_optional_library_has_no_line_about_it()
    {
        using HealthyNode node = new();
        node.Board.Delete(HealthyNode.EncoderLibrary);

        IReadOnlyList<Finding> findings = node.Check();

        findings.Should().OnlyContain(finding => finding.Verdict == Verdict.Ok && finding.Id != CheckIds.RknnLibrary);
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void One_problem_changes_one_line(int number)
    {
        Break broken = Breaks[number];
        using HealthyNode node = new();
        IReadOnlyList<Finding> before = node.Check();

        broken.Do(node);
        IReadOnlyList<Finding> after = node.Check();

        after.Should().HaveCount(before.Count);
        Finding changed = after.Except(before).Should().ContainSingle("only {0} was broken", broken.Id).Subject;
        changed.Id.Should().Be(broken.Id);
        changed.Verdict.Should().Be(broken.Verdict);
        changed.Text.Should().Contain(broken.Says);
        changed.Remedy.Should().NotBeNullOrEmpty();
        DoctorCommand.Report(after, json: false, TextWriter.Null).Should().Be(broken.Verdict == Verdict.Failure ? 1 : 0);
    }

    [Fact]
    public void Models_whose_files_are_missing_or_are_no_files_are_named()
    {
        using HealthyNode node = new();
        Directory.CreateDirectory(node.Board.At("/var/lib/rkllama/models/Dangling"));
        File.CreateSymbolicLink(node.Board.At("/var/lib/rkllama/models/Dangling/d.rkllm"), "/nowhere");
        node.Board.Write("/var/lib/rkllama/models/Dangling/Modelfile", "FROM=\"d.rkllm\"\n");
        File.CreateSymbolicLink(node.Board.At("/var/lib/rkllama/models/loose.rkllm"), "/nowhere");
        node.Board.Write("/var/lib/rkllama/models/Pipe/Modelfile", "FROM=\"p.rkllm\"\n");
        using (System.Diagnostics.Process make = System.Diagnostics.Process.Start("mkfifo", [node.Board.At("/var/lib/rkllama/models/Pipe/p.rkllm")]))
            make.WaitForExit();

        string[] failures = [.. node.Check().Where(finding => finding.Id == CheckIds.ModelFile).Select(finding => finding.Text)];

        failures.Should().HaveCount(3);
        failures.Should().Contain(text => text.Contains("Dangling/d.rkllm", StringComparison.Ordinal));
        failures.Should().Contain(text => text.Contains("loose.rkllm", StringComparison.Ordinal));
        failures.Should().Contain(text => text.Contains("p.rkllm' is a named pipe", StringComparison.Ordinal));
    }

    /// <summary>Without models, the lines of the model checks are missing and the other lines do not change.</summary>
    [Theory]
    [InlineData(false, "Models directory '/var/lib/rkllama/models' not found")]
    [InlineData(true, "there is no model in /var/lib/rkllama/models")]
    public void Without_models_only_the_directory_is_reported(bool isThere, string says)
    {
        using HealthyNode node = new();
        IReadOnlyList<Finding> before = node.Check();

        node.Board.Delete("/var/lib/rkllama/models");
        if (isThere)
            Directory.CreateDirectory(node.Board.At("/var/lib/rkllama/models"));
        IReadOnlyList<Finding> after = node.Check();

        Finding changed = after.Except(before).Should().ContainSingle().Subject;
        (changed.Id, changed.Verdict, changed.Text).Should().Be((CheckIds.ModelsDirectory, isThere ? Verdict.Warning : Verdict.Failure, says));
        before.Except(after).Select(finding => finding.Id).Should().Equal(CheckIds.ModelsDirectory, CheckIds.Modelfile, CheckIds.ModelFile,
            CheckIds.ModelPermission, CheckIds.ModelMemory, CheckIds.Tokenizer, CheckIds.Template);
    }

    [Fact]
    public void Every_check_is_broken_by_a_test()
    {
        Breaks.Select(broken => broken.Id).Append(CheckIds.ModelsDirectory).Distinct().Should().BeEquivalentTo(CheckIds.All);
    }

    [Fact]
    public void Each_broken_model_has_a_line()
    {
        using HealthyNode node = new();
        node.Board.Write("/var/lib/rkllama/models/A/Modelfile", "FROM=\"gone.rkllm\"\nTEMPLATE=\"chatml\"\nTEMPLATE_MODE=\"text\"\n");
        node.Board.Write("/var/lib/rkllama/models/B/Modelfile", "FROM=\"b.rkllm\"\nTEMPLATE=\"chatml\"\nTEMPLATE_MODE=\"text\"\n");
        node.Board.Write("/var/lib/rkllama/models/B/b.rkllm", "GGUF");

        node.Check().Where(finding => finding.Verdict != Verdict.Ok).Select(finding => (finding.Id, finding.Text.Contains("gone") || finding.Text.Contains("GGUF")))
            .Should().Equal((CheckIds.ModelFile, true), (CheckIds.ModelFile, true));
    }
}
