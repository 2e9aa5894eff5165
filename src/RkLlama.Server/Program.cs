using RkLlama.Cli;
using RkLlama.Engine.Workers.Worker;
using RkLlama.Server.Hosting;

namespace RkLlama.Server;

internal static class Program
{
    /// <summary>
    /// Runs the worker process if the only argument is <c>worker</c>; otherwise runs the command line. The default command of the command line starts the
    /// server. The server loads a model in a worker process, which is the same executable.
    /// </summary>
    /// <returns>The exit code of the process.</returns>
    private static int Main(string[] args) =>
        args is ["worker"] ? WorkerProgram.Run() : CommandLine.Run(args, ServerHost.RunAsync, isWholeProcess: true);
}
