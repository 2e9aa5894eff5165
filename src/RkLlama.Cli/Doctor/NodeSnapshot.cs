using RkLlama.Engine.Configuration;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Models;

namespace RkLlama.Cli.Doctor;

/// <summary>
/// The node under check: its files, settings, hardware and vendor library. Values that several checks need are read once. Tests replace the root
/// directory and the functions that start processes or open connections.
/// </summary>
internal sealed class NodeSnapshot
{
    private const string KeyFile = "RKLLAMA_API_KEY_FILE";

    private readonly string _user;
    private readonly Lazy<NodeReading> _hardware;
    private readonly Lazy<RuntimeProbe> _runtime;

    /// <param name="root">The root directory, which contains <c>sys</c>, <c>proc</c> and <c>etc</c>.</param>
    /// <param name="option">Returns an option of this command. Options have priority over the service's settings.</param>
    /// <param name="variable">Returns an environment variable of this process. Variables are used only if the service is not installed.</param>
    /// <param name="user">The user of this process. Root can check with the permissions of the service's user, other users only with their own.</param>
    internal NodeSnapshot(string root, Func<string, string?> option, Func<string, string?> variable, string user)
    {
        _user = user;
        Root = root;
        Files = new(root);
        Unit = ServiceUnit.Find(ReadText, directory => Files.ListEntries(directory, "").Select(name => $"{directory}/{name}"));
        _hardware = new(() => new HardwareReader(root).Read());
        _runtime = new(() => RuntimeProbe.Run(this));
        (Settings, SettingErrors) = ReadSettings(
            name => option(name) ?? Unit?.Option(name),
            name => name == KeyFile ? FindKeyFile(variable) : Variable(name, variable));
        Models = new(PathOf(Settings.ModelsDirectory));
    }

    internal string Root { get; }

    internal Sysfs Files { get; }

    /// <summary>The installed service; <see langword="null"/> if it is not installed.</summary>
    internal ServiceUnit? Unit { get; }

    /// <summary>The settings of the service, or of a server started from this shell. An invalid setting has its default value.</summary>
    internal NodeOptions Settings { get; }

    /// <summary>One message for each invalid setting.</summary>
    internal IReadOnlyList<string> SettingErrors { get; }

    internal ModelCatalog Models { get; }

    /// <summary>
    /// The user whose permissions are checked: the service's user if this process runs as root or as that user, otherwise the user of this process.
    /// </summary>
    internal string User => Unit is { } unit && (_user == "root" || _user == unit.User) ? unit.User : _user;

    /// <summary>Whether the checks use the service's user and sandbox.</summary>
    internal bool RepresentsService => Unit?.User == User;

    /// <summary>Returns the path of the file with the API key; <see langword="null"/> if none is set, or if only the service may read it.</summary>
    internal string? FindKeyFile(Func<string, string?> variable) =>
        (Unit is null || RepresentsService) && Variable(KeyFile, variable) is { Length: > 0 } path ? PathOf(path) : null;

    internal NodeReading Hardware => _hardware.Value;

    internal RuntimeProbe Runtime => _runtime.Value;

    /// <summary>Opens and identifies the vendor library in another process.</summary>
    internal required Func<NodeSnapshot, string, RuntimeProbeResult> IdentifyLibrary { get; init; }

    /// <summary>Returns the paths that <see cref="User"/> may not open; see <see cref="ServiceAccess"/>.</summary>
    internal required Func<NodeSnapshot, IReadOnlyList<PathAccess>, IReadOnlyList<PathAccess>> FindDenied { get; init; }

    /// <summary>Returns the response of the server to <c>GET /health</c>; <see langword="null"/> if there is none.</summary>
    internal required Func<NodeSnapshot, string?> Health { get; init; }

    /// <summary>Returns the free bytes of the file system of a path; <see langword="null"/> if unknown.</summary>
    internal required Func<string, long?> FreeBytes { get; init; }

    /// <summary>The home directory of the service's user, or of the user of this process.</summary>
    internal string Home => Unit is { } unit && PasswdField(unit.User, 5) is { Length: > 0 } home
        ? home
        : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);

    /// <summary>Returns a field of a user's line in <c>/etc/passwd</c>; <see langword="null"/> if there is none.</summary>
    /// <param name="field">The index of the field, from 0.</param>
    internal string? PasswdField(string user, int field) =>
        (ReadText("/etc/passwd") ?? "").Split('\n').Select(static line => line.Split(':')).FirstOrDefault(fields => fields[0] == user && fields.Length > field)?[field];

    private string? Variable(string name, Func<string, string?> variable) => Unit is null ? variable(name) : Unit.Variable(name);

    /// <summary>Converts a path of the node to a path of this machine. They differ if <see cref="Root"/> is not <c>/</c>.</summary>
    internal string PathOf(string path) => Root == "/" ? path : Path.Join(Root, path);

    /// <summary>Converts the paths in a text back to paths of the node.</summary>
    internal string Display(string text) => Root == "/" ? text : text.Replace(Root, "", StringComparison.Ordinal);

    /// <summary>Returns the content of a file; <see langword="null"/> if it cannot be read.</summary>
    internal string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(PathOf(path));
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Reads the settings. After an error, reads them again without the invalid setting, until no error is left. So each invalid setting gives one
    /// error.
    /// </summary>
    private static (NodeOptions Settings, IReadOnlyList<string> Errors) ReadSettings(Func<string, string?> option, Func<string, string?> variable)
    {
        Dictionary<string, string> errors = new(StringComparer.Ordinal);
        while (true)
        {
            try
            {
                SettingsReader reader = new(
                    name => errors.ContainsKey("--" + name) ? null : option(name),
                    name => errors.ContainsKey(name) ? null : variable(name));
                return (reader.Read(), [.. errors.Values]);
            }
            catch (SettingException ex) when (errors.TryAdd(ex.Message.Split(':')[0], ex.Message))
            {
                // Read again without this setting.
            }
        }
    }
}
