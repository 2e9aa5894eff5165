using RkLlama.Engine.Configuration;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Models;

namespace RkLlama.Cli.Doctor;

/// <summary>The node that is looked at, below a root that tests replace. What several checks need is looked at once.</summary>
internal sealed class Patient
{
    private const string KeyFile = "RKLLAMA_API_KEY_FILE";

    private readonly string _user;
    private readonly Lazy<NodeReading> _hardware;
    private readonly Lazy<RuntimeFound> _runtime;

    /// <param name="root">The folder that has <c>sys</c>, <c>proc</c>, <c>etc</c> and all else in it.</param>
    /// <param name="option">The doctor's own options, which beat the service's.</param>
    /// <param name="variable">The doctor's own environment, which counts where there is no service.</param>
    /// <param name="user">Who asks. Root speaks for the service's user too; others only for themselves.</param>
    internal Patient(string root, Func<string, string?> option, Func<string, string?> variable, string user)
    {
        _user = user;
        Root = root;
        Files = new(root);
        Unit = ServiceUnit.Find(ReadText, folder => Files.Entries(folder, "").Select(name => $"{folder}/{name}"));
        _hardware = new(() => new NpuReader(root).Read());
        _runtime = new(() => RuntimeFound.Look(this));
        (Settings, SettingFaults) = ReadSettings(
            name => option(name) ?? Unit?.Option(name),
            name => name == KeyFile ? FindKeyFile(variable) : Variable(name, variable));
        Models = new(At(Settings.Models));
    }

    internal string Root { get; }

    internal Sysfs Files { get; }

    /// <summary>The service, where it is installed.</summary>
    internal ServiceUnit? Unit { get; }

    /// <summary>The settings of the service, or of the server that this shell would start; a setting that is wrong has its default.</summary>
    internal ServerOptions Settings { get; }

    /// <summary>What is wrong with the settings.</summary>
    internal IReadOnlyList<string> SettingFaults { get; }

    internal ModelCatalog Models { get; }

    /// <summary>Whose rights are looked at: the service's user's, where the one who asks can speak for it.</summary>
    internal string User => Unit is { } unit && (_user == "root" || _user == unit.User) ? unit.User : _user;

    /// <summary>Whether it is the service's view that is looked at.</summary>
    internal bool SpeaksForService => Unit?.User == User;

    /// <summary>The file with the key that clients have to send, where the settings name one and it is for the one who asks to judge.</summary>
    internal string? FindKeyFile(Func<string, string?> variable) =>
        (Unit is null || SpeaksForService) && Variable(KeyFile, variable) is { Length: > 0 } path ? At(path) : null;

    internal NodeReading Hardware => _hardware.Value;

    internal RuntimeFound Runtime => _runtime.Value;

    /// <summary>Opens and identifies the vendor's library in a process of its own.</summary>
    internal required Func<Patient, string, RuntimeAnswer> Probe { get; init; }

    /// <summary>Of these paths, those that the service's user may not open; see <see cref="ServiceAccess"/>.</summary>
    internal required Func<Patient, IReadOnlyList<AccessWish>, IReadOnlyList<AccessWish>> Refused { get; init; }

    /// <summary>What the server on this node answers to <c>GET /health</c>; <see langword="null"/> when it does not.</summary>
    internal required Func<Patient, string?> Health { get; init; }

    /// <summary>Bytes that are free where a path is; <see langword="null"/> when that cannot be told.</summary>
    internal required Func<string, long?> FreeBytes { get; init; }

    /// <summary>The home directory of the service's user, or of whoever asks.</summary>
    internal string Home => Unit is { } unit && PasswdField(unit.User, 5) is { Length: > 0 } home
        ? home
        : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);

    /// <summary>A field of a user's line in <c>/etc/passwd</c>, from 0.</summary>
    internal string? PasswdField(string user, int field) =>
        (ReadText("/etc/passwd") ?? "").Split('\n').Select(static line => line.Split(':')).FirstOrDefault(fields => fields[0] == user && fields.Length > field)?[field];

    private string? Variable(string name, Func<string, string?> variable) => Unit is null ? variable(name) : Unit.Variable(name);

    /// <summary>Where a path of the node is on this machine.</summary>
    internal string At(string path) => Root == "/" ? path : Path.Join(Root, path);

    /// <summary>A text as the node would have it.</summary>
    internal string Shown(string text) => Root == "/" ? text : text.Replace(Root, "", StringComparison.Ordinal);

    /// <summary>The whole text of a file, or <see langword="null"/>.</summary>
    internal string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(At(path));
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads the settings, and without those that are wrong again, so that one fault does not look like many.</summary>
    private static (ServerOptions Settings, IReadOnlyList<string> Faults) ReadSettings(Func<string, string?> option, Func<string, string?> variable)
    {
        Dictionary<string, string> faults = new(StringComparer.Ordinal);
        while (true)
        {
            try
            {
                SettingsReader reader = new(
                    name => faults.ContainsKey("--" + name) ? null : option(name),
                    name => faults.ContainsKey(name) ? null : variable(name));
                return (reader.Read(), [.. faults.Values]);
            }
            catch (SettingException ex) when (faults.TryAdd(ex.Message.Split(':')[0], ex.Message))
            {
                // Once more without it.
            }
        }
    }
}
