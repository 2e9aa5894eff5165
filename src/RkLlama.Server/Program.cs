using RkLlama.Cli;
using RkLlama.Engine.Workers.Worker;
using RkLlama.Server.Hosting;

namespace RkLlama.Server;

internal static class Program
{
    /// <summary>One executable for the command line, the server, and the worker process that the server starts for each loaded model.</summary>
    private static int Main(string[] args) =>
        args is ["worker"] ? WorkerProgram.Run() : CommandLine.Run(args, ServerHost.RunAsync);
}
