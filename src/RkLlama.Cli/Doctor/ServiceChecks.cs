using System.Globalization;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Cli.Doctor;

/// <summary>Checks the settings, the port, the resource limits and the disk space of the service.</summary>
internal static class ServiceChecks
{
    private const long MinOpenFiles = 4096;
    private const long MinLockedBytes = 64 << 10;
    private const long MinFreeBytes = 1L << 30;

    internal static IEnumerable<Finding> Settings(NodeSnapshot node)
    {
        List<Finding> errors = [.. node.SettingErrors.Select(error => Finding.Failure(CheckIds.Settings, node.Display(error.TrimEnd('.')),
            "correct it in /etc/rkllama/rkllama.env or with systemctl edit rkllama; otherwise the server does not start"))];
        if (node.FindKeyFile(static _ => null) is { } path && node.FindDenied(node, [new(path, NeedsWrite: false)]).Count > 0)
        {
            errors.Add(Finding.Failure(CheckIds.Settings, $"RKLLAMA_API_KEY_FILE: the user '{node.User}' cannot read {node.Display(path)}; the server does not start",
                "chgrp rkllama and chmod 640 on the file"));
        }

        return errors.Count > 0
            ? errors
            : [Finding.Ok(CheckIds.Settings, node.Unit is null ? "the settings of this shell are valid; rkllama.service is not installed" : "the settings of rkllama.service are valid")];
    }

    /// <summary>
    /// Checks that no other program listens on the server's port. If the server runs, also checks that it is healthy. Reports one finding, because the second
    /// check needs the first.
    /// </summary>
    internal static IEnumerable<Finding> Port(NodeSnapshot node)
    {
        int port = node.Settings.Port;
        if (Listener(node, port) is not var (inode, owner))
        {
            yield return node.Unit is null
                ? Finding.Ok(CheckIds.Port, $"{port} is free: the server is not running")
                : Finding.Warning(CheckIds.Server, $"rkllama.service is installed but does not listen on {port}", "systemctl status rkllama; journalctl -u rkllama -n 50; systemctl start rkllama");
            yield break;
        }

        ProcessTable.Entry? holder = new ProcessTable(node).FindHolders(target => target == $"socket:[{inode}]").FirstOrDefault();
        bool isOurs = holder is null ? owner == node.PasswdField(node.Unit?.User ?? node.User, 2) : holder.IsOurs;
        if (isOurs)
        {
            yield return ServerHealthCheck.Check(node);
            yield break;
        }

        string process = holder is null
            ? $"a process of the user {UserName(node, owner)} (root can see which)"
            : string.Create(CultureInfo.InvariantCulture, $"{holder.Name} (process {holder.Id})");
        yield return Finding.Failure(CheckIds.Port, $"port {port} is held by {process}",
            "end that process, or change the port: systemctl edit rkllama, then add Environment=\"PORT=8081\" below [Service]");
    }

    internal static IEnumerable<Finding> Limits(NodeSnapshot node)
    {
        // If the server runs, its limits are checked. Otherwise, if the service is installed, only the unit's limit of open files. Otherwise the limits of
        // this process, because a server that is started from this shell inherits them.
        ProcessTable.Entry? server = Listener(node, node.Settings.Port) is var (inode, _)
            ? new ProcessTable(node).FindHolders(target => target == $"socket:[{inode}]").FirstOrDefault(static holder => holder.IsOurs)
            : null;
        string limits = node.ReadText(server is null ? "/proc/self/limits" : $"/proc/{server.Id}/limits") ?? "";
        string files = (server is null ? node.Unit?.OpenFiles : null) ?? Limit(limits, "Max open files");
        List<string> problems = [];
        if (IsBelow(files, MinOpenFiles))
            problems.Add($"only {files} files may be open");
        if (server is not null || node.Unit is null)
        {
            if (IsBelow(Limit(limits, "Max locked memory"), MinLockedBytes))
                problems.Add($"only {Limit(limits, "Max locked memory")} bytes may be locked in memory");
            if (Limit(limits, "Max address space") is var space && space != "unlimited")
                problems.Add($"the address space is limited to {space} bytes");
        }

        yield return problems.Count == 0
            ? Finding.Ok(CheckIds.Limits, $"{files} open files")
            : Finding.Warning(CheckIds.Limits, $"{string.Join(", ", problems)}: a model may fail to load ('too many open files', 'failed to malloc')",
                "set LimitNOFILE=102400, LimitMEMLOCK=infinity, LimitAS=infinity in the unit, or use ulimit in the shell");
    }

    internal static IEnumerable<Finding> Disk(NodeSnapshot node)
    {
        string place = node.Models.Root;
        while (!Directory.Exists(place) && Path.GetDirectoryName(place) is { } parent)
            place = parent;
        yield return node.FreeBytes(place) is not { } free
            ? Finding.Ok(CheckIds.Disk, "free space is unknown")
            : free >= MinFreeBytes
                ? Finding.Ok(CheckIds.Disk, "the models directory has enough free space")
                : Finding.Warning(CheckIds.Disk, $"only {free >> 20} MiB are free in the models directory", "df -h; remove unused models; journalctl --vacuum-size=100M");
    }

    /// <summary>Returns the inode of the TCP socket that listens on a port, and the user id of its owner; <see langword="null"/> if there is none.</summary>
    private static (string Inode, string Owner)? Listener(NodeSnapshot node, int port)
    {
        const string Listening = "0A";
        string suffix = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        foreach (string table in (string[])["/proc/net/tcp", "/proc/net/tcp6"])
        {
            foreach (string line in (node.ReadText(table) ?? "").Split('\n'))
            {
                string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields.Length > 9 && fields[1].EndsWith(suffix, StringComparison.Ordinal) && fields[3] == Listening)
                    return (fields[9], fields[7]);
            }
        }

        return null;
    }

    private static string UserName(NodeSnapshot node, string id) =>
        (node.ReadText("/etc/passwd") ?? "").Split('\n').Select(static line => line.Split(':')).FirstOrDefault(fields => fields.Length > 2 && fields[2] == id)?[0] ?? id;

    /// <summary>Returns a soft limit: the first column after the name of the limit. Returns <c>unlimited</c> if the limit is missing.</summary>
    /// <param name="limits">Content of <c>/proc/PID/limits</c>.</param>
    private static string Limit(string limits, string name) => limits.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
        ? line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]
        : "unlimited";

    private static bool IsBelow(string limit, long minimum) => long.TryParse(limit, CultureInfo.InvariantCulture, out long number) && number < minimum;
}
