using System.Diagnostics;

namespace RkLlama.Native.Tests.Support;

/// <summary>C compilers for both architectures.</summary>
internal static class CCompiler
{
    /// <summary>Compiles a source text for x64 and for arm64, without output. Fails the test if a compiler reports anything.</summary>
    /// <param name="source">C11. It can include the headers of the simulator.</param>
    internal static void Check(string source, params string[] options)
    {
        Run("cc", source, options);
        Run("aarch64-linux-gnu-gcc", source, options);
    }

    private static void Run(string compiler, string source, string[] options)
    {
        string[] arguments = ["-x", "c", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", .. options, "-I", TestPaths.SimulatorSource, "-"];
        using Process process = Process.Start(new ProcessStartInfo(compiler, arguments) { RedirectStandardInput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException($"{compiler} is missing: ./build.sh test installs it.");
        process.StandardInput.Write(source);
        process.StandardInput.Close();
        string complaints = process.StandardError.ReadToEnd();
        process.WaitForExit();

        process.ExitCode.Should().Be(0, "{0} says:\n{1}", compiler, complaints);
    }
}
