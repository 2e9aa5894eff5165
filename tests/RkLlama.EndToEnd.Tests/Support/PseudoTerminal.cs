using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using RkLlama.Cli.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>The published executable in a pseudo-terminal of 80 columns and 24 lines, which the program <c>script</c> makes.</summary>
internal sealed partial class PseudoTerminal : IAsyncDisposable
{
    private const int Width = 80;

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Task _reading;

    private PseudoTerminal(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    /// <param name="node">The address of the node.</param>
    /// <param name="home">The home directory of the user.</param>
    /// <param name="isNobody">Whether to run the command as a user without rights. Only root can do this.</param>
    internal static PseudoTerminal Start(Uri node, string home, bool isNobody, string[] arguments, params (string Name, string? Value)[] environment)
    {
        string executable = isNobody ? CopyFor(home) : TestPaths.Executable;
        string user = isNobody ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
        string command = $"stty cols {Width} rows 24; exec {user}{string.Join(' ', ((string[])[executable, .. arguments]).Select(static word => $"'{word}'"))}";
        ProcessStartInfo info = new("env", ["--default-signal=INT", "script", "-qefc", command, "/dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        info.Environment["RKLLAMA_HOST"] = node.ToString();
        info.Environment["HOME"] = home;
        info.Environment["TERM"] = "xterm";
        info.Environment["LANG"] = "C.UTF-8";
        foreach (string name in (string[])["XDG_STATE_HOME", "NO_COLOR", "COLUMNS", "LINES"])
            info.Environment.Remove(name);
        foreach ((string name, string? value) in environment)
            info.Environment[name] = value;
        return new(Process.Start(info)!);
    }

    /// <summary>The rows of the screen, without trailing spaces.</summary>
    internal string[] Rows
    {
        get
        {
            Screen screen = new(Width);
            lock (_output)
                screen.Write(Incomplete.Replace(_output.ToString(), ""));
            return screen.Rows;
        }
    }

    /// <summary>What the command has written, with its control sequences.</summary>
    internal string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    internal Task SendAsync(string keys)
    {
        _process.StandardInput.Write(keys);
        return _process.StandardInput.FlushAsync();
    }

    /// <summary>Waits until the last rows of the screen are these.</summary>
    internal async Task EndsWithAsync(params string[] rows)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!Rows.TakeLast(rows.Length).SequenceEqual(rows))
        {
            if (watch.Elapsed > Node.Patience)
                Rows.Should().EndWith(rows);
            await Task.Delay(10);
        }
    }

    /// <summary>Waits until the screen has a row that begins with this text.</summary>
    internal async Task ShowsAsync(string start)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!Rows.Any(row => row.StartsWith(start, StringComparison.Ordinal)))
        {
            (watch.Elapsed < Node.Patience).Should().BeTrue("the screen should show '{0}'\n{1}", start, string.Join('\n', Rows));
            await Task.Delay(10);
        }
    }

    /// <summary>Waits for the end of the command.</summary>
    /// <returns>Its exit code.</returns>
    internal async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Node.Patience);
        await _reading;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        char[] buffer = new char[4096];
        while (await _process.StandardOutput.ReadAsync(buffer) is > 0 and var length)
        {
            lock (_output)
                _output.Append(buffer, 0, length);
        }
    }

    /// <summary>Copies the executable and the files beside it to where every user can read them.</summary>
    private static string CopyFor(string home)
    {
        string directory = Directory.CreateDirectory(Path.Combine(home, "bin")).FullName;
        foreach (string file in Directory.EnumerateFiles(Path.GetDirectoryName(TestPaths.Executable)!))
            File.Copy(file, Path.Combine(directory, Path.GetFileName(file)), overwrite: true);
        return Path.Combine(directory, Path.GetFileName(TestPaths.Executable));
    }

    // A control sequence, or half of a character, at the end of what was read so far.
    [GeneratedRegex(@"(?:\e(?:\[[?0-9;]*)?|[\uD800-\uDBFF])\z")]
    private static partial Regex Incomplete { get; }
}

/// <summary>Runs a test as the user of the test, and, if that is root, also as a user without rights.</summary>
public sealed class EveryUser : TheoryData<bool>
{
    public EveryUser()
    {
        Add(false);
        if (Environment.UserName == "root")
            Add(true);
    }
}
