using RkLlama.Cli;
using RkLlama.Engine.Workers.Worker;
using RkLlama.Server.Hosting;

namespace RkLlama.Server;

internal static class Program
{
    /// <summary>
    /// Starts a worker process if the only argument is <c>worker</c>, otherwise the command line. A command of the command line starts the server, which loads
    /// its model in a worker process. All three are one executable.
    /// </summary>
    /// <returns>The exit code of the process.</returns>
    private static int Main(string[] args) =>
        args is ["worker"] ? WorkerProgram.Run() : CommandLine.Run(args, ServerHost.RunAsync);
}
