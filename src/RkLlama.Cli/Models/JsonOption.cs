using System.CommandLine;

namespace RkLlama.Cli.Models;

/// <summary>The option <c>--json</c>: a command prints the response of the node as it is.</summary>
internal static class JsonOption
{
    internal static Option<bool> Create() => new("--json") { Description = "Print the JSON that the node answers" };
}
