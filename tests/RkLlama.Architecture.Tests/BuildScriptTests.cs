using System.Diagnostics;

namespace RkLlama.Architecture.Tests;

public class BuildScriptTests
{
    // Checks for the SDK as the commands of build.sh do, and prints the directory that it uses in place of the home directory.
    private const string Check = "set -euo pipefail; . build/common.sh; . build/setup.sh; require_dotnet; echo \"${DOTNET_CLI_HOME:-none}\"";

    [Theory]
    [InlineData("/nonexistent/home", true)]
    [InlineData("/tmp", false)]
    public async Task Build_sh_finds_the_SDK_also_without_a_home_directory_that_can_be_written(string home, bool needsOther)
    {
        ProcessStartInfo info = new("bash", ["-c", Check]) { WorkingDirectory = RepositoryRoot.Path, RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["HOME"] = home;
        info.Environment.Remove("DOTNET_CLI_HOME");
        using Process process = Process.Start(info)!;

        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        (process.ExitCode, output.TrimEnd()).Should().Be((0, needsOther ? Path.Combine(RepositoryRoot.Path, "artifacts", "home") : "none"), await error);
    }
}
