using RkLlama.Server.Api.Ollama;
using RkLlama.Server.Api.OpenAi;
using RkLlama.Server.Api.Operations;
using RkLlama.Server.Api.RkLlama;

namespace RkLlama.Server.OpenApi;

/// <summary>Every operation of the OpenAPI document, by its route.</summary>
internal static class OperationTable
{
    private static readonly Dictionary<string, Operation> ByRoute =
        RkLlamaOperations.All.Concat(OpenAiOperations.All).Concat(OllamaOperations.All).Concat(NodeOperations.All).ToDictionary(static operation => operation.Route);

    /// <summary>Null for a route that nobody has described. A HEAD is described by its GET.</summary>
    internal static Operation? Find(string? method, string? path) =>
        ByRoute.GetValueOrDefault($"{(method == HttpMethods.Head ? HttpMethods.Get : method)} /{path}");
}
