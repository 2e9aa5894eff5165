using System.Globalization;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Cli.Doctor;

/// <summary>What stands between the service and its start.</summary>
internal static class ServiceChecks
{
    private const long FewestFiles = 4096;
    private const long LeastLocked = 64 << 10;
    private const long LittleDisk = 1L << 30;

    internal static IEnumerable<Finding> Settings(Patient patient)
    {
        List<Finding> faults = [.. patient.SettingFaults.Select(fault => Finding.Failure(CheckIds.Settings, patient.Shown(fault.TrimEnd('.')),
            "correct it in /etc/rkllama/rkllama.env or with systemctl edit rkllama; the server does not start with it"))];
        if (patient.FindKeyFile(static _ => null) is { } path && patient.Refused(patient, [new(path, Writes: false)]).Count > 0)
        {
            faults.Add(Finding.Failure(CheckIds.Settings, $"RKLLAMA_API_KEY_FILE: the user '{patient.User}' cannot read {patient.Shown(path)}; the server does not start with it",
                "chgrp rkllama on the file, and chmod 640"));
        }

        return faults.Count > 0
            ? faults
            : [Finding.Ok(CheckIds.Settings, patient.Unit is null ? "of this shell; rkllama.service is not installed" : "of rkllama.service")];
    }

    /// <summary>Nobody else's, and the server that listens there is well: the second stands on the first, so they are one line.</summary>
    internal static IEnumerable<Finding> Port(Patient patient)
    {
        int port = patient.Settings.Port;
        if (Listener(patient, port) is not var (inode, owner))
        {
            yield return patient.Unit is null
                ? Finding.Ok(CheckIds.Port, $"{port} is free: the server does not run")
                : Finding.Warning(CheckIds.Server, $"rkllama.service is installed and does not listen on {port}", "systemctl status rkllama; journalctl -u rkllama -n 50; systemctl start rkllama");
            yield break;
        }

        ProcessTable.Entry? holder = new ProcessTable(patient).Holders(target => target == $"socket:[{inode}]").FirstOrDefault();
        bool isOurs = holder is null ? owner == patient.PasswdField(patient.Unit?.User ?? patient.User, 2) : holder.IsOurs;
        if (isOurs)
        {
            yield return ServerState.Look(patient);
            yield break;
        }

        string who = holder is null
            ? $"a process of the user {UserName(patient, owner)} (root can see which)"
            : string.Create(CultureInfo.InvariantCulture, $"{holder.Name} (process {holder.Id})");
        yield return Finding.Failure(CheckIds.Port, $"port {port} is held by {who}",
            "end it, or give the service another port: systemctl edit rkllama, and there Environment=\"PORT=8081\" below [Service]");
    }

    internal static IEnumerable<Finding> Limits(Patient patient)
    {
        // Those of the server where it runs; those that it would get else; or one's own.
        ProcessTable.Entry? server = Listener(patient, patient.Settings.Port) is var (inode, _)
            ? new ProcessTable(patient).Holders(target => target == $"socket:[{inode}]").FirstOrDefault(static holder => holder.IsOurs)
            : null;
        string limits = patient.ReadText(server is null ? "/proc/self/limits" : $"/proc/{server.Id}/limits") ?? "";
        string files = (server is null ? patient.Unit?.OpenFiles : null) ?? Limit(limits, "Max open files");
        List<string> faults = [];
        if (IsBelow(files, FewestFiles))
            faults.Add($"only {files} files may be open");
        if (server is not null || patient.Unit is null)
        {
            if (IsBelow(Limit(limits, "Max locked memory"), LeastLocked))
                faults.Add($"only {Limit(limits, "Max locked memory")} bytes may be locked in memory");
            if (Limit(limits, "Max address space") is var space && space != "unlimited")
                faults.Add($"a process may have {space} bytes of addresses");
        }

        yield return faults.Count == 0
            ? Finding.Ok(CheckIds.Limits, $"{files} open files")
            : Finding.Warning(CheckIds.Limits, $"{string.Join(", ", faults)}: a model may fail to load ('too many open files', 'failed to malloc')",
                "LimitNOFILE=102400, LimitMEMLOCK=infinity, LimitAS=infinity in the unit, or ulimit in the shell");
    }

    internal static IEnumerable<Finding> Disk(Patient patient)
    {
        string place = patient.Models.Root;
        while (!Directory.Exists(place) && Path.GetDirectoryName(place) is { } parent)
            place = parent;
        yield return patient.FreeBytes(place) is not { } free
            ? Finding.Ok(CheckIds.Disk, "free space cannot be told")
            : free >= LittleDisk
                ? Finding.Ok(CheckIds.Disk, "there is room where the models are")
                : Finding.Warning(CheckIds.Disk, $"only {free >> 20} MiB are free where the models are", "df -h; remove what is not used: models, journalctl --vacuum-size=100M");
    }

    /// <summary>The socket that listens on a port, and the id of the user whose it is.</summary>
    private static (string Inode, string Owner)? Listener(Patient patient, int port)
    {
        const string Listening = "0A";
        string suffix = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        foreach (string table in (string[])["/proc/net/tcp", "/proc/net/tcp6"])
        {
            foreach (string line in (patient.ReadText(table) ?? "").Split('\n'))
            {
                string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields.Length > 9 && fields[1].EndsWith(suffix, StringComparison.Ordinal) && fields[3] == Listening)
                    return (fields[9], fields[7]);
            }
        }

        return null;
    }

    private static string UserName(Patient patient, string id) =>
        (patient.ReadText("/etc/passwd") ?? "").Split('\n').Select(static line => line.Split(':')).FirstOrDefault(fields => fields.Length > 2 && fields[2] == id)?[0] ?? id;

    /// <summary>The soft limit: the first column behind the name.</summary>
    private static string Limit(string limits, string name) => limits.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
        ? line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]
        : "unlimited";

    private static bool IsBelow(string limit, long least) => long.TryParse(limit, CultureInfo.InvariantCulture, out long number) && number < least;
}
