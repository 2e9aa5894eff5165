using RkLlama.Cli.Doctor;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers.Protocol;
using RkLlama.Native;

namespace RkLlama.Cli.Tests.Doctor;

/// <summary>A node that passes all checks, in a temporary directory: the package is installed, the service runs, one model is loaded.</summary>
internal sealed class HealthyNode : IDisposable
{
    internal const string Unit = "/usr/lib/systemd/system/rkllama.service";
    internal const string Model = "/var/lib/rkllama/models/M/m.rkllm";
    internal const string Modelfile = "/var/lib/rkllama/models/M/Modelfile";
    internal const string Library = "/usr/lib/librkllmrt.so";
    internal const string EncoderLibrary = "/usr/lib/librknnrt.so";

    internal HealthyNode()
    {
        Board.Write("/proc/sys/kernel/osrelease", "6.1.115-vendor-rk35xx\n");
        Board.Write("/sys/module/rknpu/version", "0.9.8\n");
        Board.Write("/dev/dri/renderD128", "");
        Board.Write("/dev/dri/renderD129", "");
        Board.Write(EncoderLibrary, "");
        Board.Write("/sys/class/drm/renderD128/device/uevent", "DRIVER=panthor\n");
        Board.Write("/sys/class/drm/renderD129/device/uevent", "DRIVER=RKNPU\nOF_NAME=npu\n");
        Board.Write("/dev/dma_heap/system", "");
        Board.Write(Library, "a library");
        Board.Write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nrkllama:x:64990:64990::/var/lib/rkllama:/usr/sbin/nologin\nweb:x:64991:64991::/:/bin/false\n");
        Board.Write(Unit, "[Service]\nUser=rkllama\nProtectHome=yes\nPrivateTmp=yes\nEnvironment=RKLLAMA_MODELS=/var/lib/rkllama/models\nEnvironmentFile=-/etc/rkllama/rkllama.env\n"
            + "ExecStart=/opt/rkllama/rkllama serve\nLimitNOFILE=102400\n");
        Board.Write("/etc/rkllama/rkllama.env", "# nothing\n");
        Server("rkllama");
        Board.Write("/proc/812/limits", Limits("102400", "8388608", "unlimited"));
        Process(830, "rkllama", "/dev/dri/renderD129");
        Board.Write(Modelfile, "FROM=\"m.rkllm\"\n");
        Board.Write(Model, new string('m', 4096));
        string demo = Path.Join(FindRoot(), "models", "demo");
        foreach (string file in (string[])["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
            Board.Write("/var/lib/rkllama/models/M/" + file, File.ReadAllText(Path.Join(demo, file)));
    }

    internal Board Board { get; } = new();

    /// <summary>Paths that the service's user may not open.</summary>
    internal List<string> Denied { get; } = [];

    /// <summary>The result of opening the library.</summary>
    internal RuntimeProbeResult Runtime { get; set; } = new(new(RuntimeFamily.V121, "1.2.3", "1.2.3", "symbols, marker 1.2.3", null), null);

    /// <summary>The result of opening the library of the encoders, which is optional.</summary>
    internal Func<EncoderLibraryInfo> RknnLibrary { get; set; } = () => new("2.3.2", null);

    /// <summary>The response of the server to GET /health.</summary>
    internal string? Health { get; set; } = HealthOf("loaded", "null");

    internal long FreeBytes { get; set; } = 20L << 30;

    internal Dictionary<string, string> Options { get; } = [];

    internal Dictionary<string, string> Shell { get; } = [];

    /// <summary>The user who runs the command.</summary>
    internal string User { get; set; } = "root";

    internal IReadOnlyList<Finding> Check() => CheckRun.Run(Snapshot());

    internal NodeSnapshot Snapshot() => new(Board.Root, name => Options.GetValueOrDefault(name), name => Shell.GetValueOrDefault(name), User)
    {
        IdentifyLibrary = (_, _) => Runtime,
        IdentifyRknnLibrary = (_, _) => RknnLibrary(),
        FindDenied = (node, paths) => [.. paths.Where(path => Denied.Contains(node.Display(path.Path)))],
        Health = _ => Health,
        FreeBytes = _ => FreeBytes,
    };

    /// <summary>Adds a process that listens on port 8080.</summary>
    internal void Server(string name)
    {
        Board.Write("/proc/net/tcp", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
            + "   0: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000 64991        0 7001 1 0 100 0 0 10 0\n");
        Board.Write("/proc/net/tcp6", "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
            + "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 64990        0 7002 1 0 100 0 0 10 0\n");
        Process(812, name, "socket:[7002]");
    }

    internal void Process(int id, string name, string open)
    {
        Board.Write($"/proc/{id}/comm", name + "\n");
        Directory.CreateDirectory(Board.At($"/proc/{id}/fd"));
        string descriptor = Board.At($"/proc/{id}/fd/5");
        File.Delete(descriptor);
        File.CreateSymbolicLink(descriptor, open);
    }

    internal static string HealthOf(string state, string fault) =>
        $$"""{"status":"ok","version":"0.1.0","uptime_seconds":7,"state":"{{state}}","model":"M","queue":{"running":0,"waiting":0},"last_fault":{{fault}}}""";

    internal static string Limits(string files, string locked, string space) =>
        $"Limit                     Soft Limit           Hard Limit           Units     \nMax open files            {files}               102400               files     \n"
        + $"Max locked memory         {locked}              8388608              bytes     \nMax address space         {space}            unlimited            bytes     \n";

    internal static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Join(directory, "RkLlama.sln")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new DirectoryNotFoundException("RkLlama.sln");
    }

    public void Dispose() => Board.Dispose();
}
