using RkLlama.Engine.Configuration;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;
using RkLlama.Engine.Workers.Protocol;

namespace RkLlama.Cli.Doctor;

/// <summary>
/// The node that is checked: its files, settings, hardware and vendor library. Values that several checks need are read once. Tests replace the root
/// directory and the functions that start processes or open connections.
/// </summary>
internal sealed class NodeSnapshot
{
    private const string KeyFile = "RKLLAMA_API_KEY_FILE";

    private readonly string _user;
    private readonly Lazy<NodeReading> _hardware;
    private readonly Lazy<RuntimeProbe> _runtime;

    /// <param name="root">The root directory, which contains <c>sys</c>, <c>proc</c> and <c>etc</c>.</param>
    /// <param name="option">
    /// Returns the value of a common option of this command, given its name without <c>--</c>; <see langword="null"/> if it is not set. Options have
    /// priority over the service's settings.
    /// </param>
    /// <param name="variable">
    /// Returns an environment variable of this process; <see langword="null"/> if it is not set. Variables are used only if the service is not installed.
    /// </param>
    /// <param name="user">Name of the user of this process, which determines <see cref="User"/>.</param>
    /// <param name="settings">The settings of the server, if it checks itself; <see langword="null"/> to read them.</param>
    internal NodeSnapshot(string root, Func<string, string?> option, Func<string, string?> variable, string user, NodeOptions? settings = null)
    {
        _user = user;
        Root = root;
        Files = new(root);
        Unit = ServiceUnit.Find(ReadText, directory => Files.ListEntries(directory, "").Select(name => $"{directory}/{name}"));
        _hardware = new(() => new HardwareReader(root).Read());
        _runtime = new(() => RuntimeProbe.Run(this));
        (Settings, SettingErrors) = settings is not null ? (settings, []) : ReadSettings(
            name => option(name) ?? Unit?.Option(name),
            name => name == KeyFile ? FindKeyFile(variable) : Variable(name, variable));
        Models = new(PathOf(Settings.ModelsDirectory));
    }

    /// <summary>The root directory of the node: <c>/</c>, or a copy in tests.</summary>
    internal string Root { get; }

    internal Sysfs Files { get; }

    /// <summary>The configuration of the installed service; <see langword="null"/> if it is not installed.</summary>
    internal ServiceUnit? Unit { get; }

    /// <summary>
    /// The settings of the service; if it is not installed, those of a server that is started from this shell. An invalid setting has its default value.
    /// </summary>
    internal NodeOptions Settings { get; }

    /// <summary>One message for each invalid setting.</summary>
    internal IReadOnlyList<string> SettingErrors { get; }

    internal ModelCatalog Models { get; }

    /// <summary>
    /// The user whose permissions are checked: the service's user if this process runs as root or as that user, otherwise the user of this process.
    /// </summary>
    internal string User => Unit is { } unit && (_user == "root" || _user == unit.User) ? unit.User : _user;

    /// <summary>
    /// True if the checks show which files the service can open, with its user and in its sandbox. False if they show which files the user of this process
    /// can open, or if the service is not installed.
    /// </summary>
    internal bool RepresentsService => Unit?.User == User;

    /// <summary>
    /// Returns the path of the file with the API key; <see langword="null"/> if none is set. Also returns <see langword="null"/> if the service is installed
    /// and <see cref="RepresentsService"/> is false: then it is no error if this user cannot read the file.
    /// </summary>
    /// <param name="variable">Returns an environment variable of this process. Used only if the service is not installed.</param>
    internal string? FindKeyFile(Func<string, string?> variable) =>
        (Unit is null || RepresentsService) && Variable(KeyFile, variable) is { Length: > 0 } path ? PathOf(path) : null;

    internal NodeReading Hardware => _hardware.Value;

    internal RuntimeProbe Runtime => _runtime.Value;

    /// <summary>Opens and identifies the vendor library in another process. The second argument is the path of the library.</summary>
    internal required Func<NodeSnapshot, string, RuntimeProbeResult> IdentifyLibrary { get; init; }

    /// <summary>The same for the library of the encoders of vision models. Throws an <see cref="EngineException"/> if it cannot be used.</summary>
    internal required Func<NodeSnapshot, string, EncoderLibraryInfo> IdentifyRknnLibrary { get; init; }

    /// <summary>Returns the paths that <see cref="User"/> may not open; see <see cref="ServiceAccess"/>.</summary>
    internal required Func<NodeSnapshot, IReadOnlyList<PathAccess>, IReadOnlyList<PathAccess>> FindDenied { get; init; }

    /// <summary>Returns the body of the server's response to <c>GET /health</c>; <see langword="null"/> if the server does not respond or fails.</summary>
    internal required Func<NodeSnapshot, string?> Health { get; init; }

    /// <summary>Returns the free space of the file system that contains a path, in bytes; <see langword="null"/> if unknown.</summary>
    internal required Func<string, long?> FreeBytes { get; init; }

    /// <summary>The home directory of the service's user. If it is unknown, the home directory of the user of this process.</summary>
    internal string Home => Unit is { } unit && PasswdField(unit.User, 5) is { Length: > 0 } home
        ? home
        : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);

    /// <summary>Returns a field of a user's line in <c>/etc/passwd</c>; <see langword="null"/> if there is no such user or field.</summary>
    /// <param name="user">Name of the user.</param>
    /// <param name="field">The index of the field, from 0.</param>
    internal string? PasswdField(string user, int field) =>
        (ReadText("/etc/passwd") ?? "").Split('\n').Select(static line => line.Split(':')).FirstOrDefault(fields => fields[0] == user && fields.Length > field)?[field];

    /// <summary>Returns a variable of the service's environment. If the service is not installed, returns a variable of this process.</summary>
    private string? Variable(string name, Func<string, string?> variable) => Unit is null ? variable(name) : Unit.Variable(name);

    /// <summary>Converts a path of the node to a path of this machine. They differ if <see cref="Root"/> is not <c>/</c>.</summary>
    internal string PathOf(string path) => Root == "/" ? path : Path.Join(Root, path);

    /// <summary>Converts the paths in a text from paths of this machine to paths of the node.</summary>
    internal string Display(string text) => Root == "/" ? text : text.Replace(Root, "", StringComparison.Ordinal);

    /// <summary>Returns the content of a file of the node; <see langword="null"/> if it cannot be read.</summary>
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
    /// Reads the settings. After an error, reads them again without the invalid setting, until there is no error. So the result has one error for each invalid
    /// setting.
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
