using RkLlama.Cli;
using RkLlama.Engine.Workers.Worker;
using RkLlama.Server.Hosting;

namespace RkLlama.Server;

internal static class Program
{
    /// <summary>Two programs in one executable: the server, and the worker that it starts for each loaded model.</summary>
    private static int Main(string[] args) =>
        args is ["worker"] ? WorkerProgram.Run() : CommandLine.Run(args, ServerHost.RunAsync);
}
