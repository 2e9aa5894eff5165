using System.Diagnostics;
using System.Text.Json;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>Runs commands of the published executable other than the server.</summary>
internal static class Tool
{
    internal static Task<(int Code, string Output, string Error)> RunAsync(string[] arguments, params (string Name, string? Value)[] environment) =>
        RunAsync(arguments, "", environment);

    /// <param name="input">The text of stdin.</param>
    internal static Task<(int Code, string Output, string Error)> RunAsync(string[] arguments, string input, params (string Name, string? Value)[] environment) =>
        RunProgramAsync(TestPaths.Executable, arguments, input, environment);

    internal static async Task<(int Code, string Output, string Error)> RunProgramAsync(string program, string[] arguments, string input, params (string Name, string? Value)[] environment)
    {
        ProcessStartInfo info = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string? value) in environment)
            info.Environment[name] = value;
        using Process process = Process.Start(info)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        return (process.ExitCode, await output, await error);
    }

    /// <summary>Runs a command with <c>--json</c> and parses its output.</summary>
    internal static async Task<(int Code, JsonElement Json)> RunJsonAsync(string[] arguments, params (string Name, string? Value)[] environment)
    {
        (int code, string output, string error) = await RunAsync([.. arguments, "--json"], environment);
        output.Should().StartWith("{", "it exited with {0} and printed {1}", code, error);
        return (code, JsonDocument.Parse(output).RootElement);
    }
}
