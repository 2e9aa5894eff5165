using System.Net;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>A model that is in memory beside the one that has the fault. Requests name it. Its worker has a KV cache that it must keep.</summary>
/// <param name="violations">The file in which the simulator reports runs that overlap.</param>
internal sealed class Neighbour(Node node, string violations)
{
    internal const string Name = "neighbour";

    // The beginning of its conversations. The demo tokenizer makes more than this number of tokens of it.
    private const int CachedTokens = 100;
    private static readonly string Long = string.Concat(Enumerable.Repeat("the time in the capital of France ", 20));
    private static int _questions;

    /// <summary>Loads the model and fills its KV cache.</summary>
    /// <returns>Its process.</returns>
    internal async Task<int> StartAsync()
    {
        await AskAsync();
        return await node.WorkerAsync();
    }

    /// <summary>Asks the model and checks the answer.</summary>
    /// <returns>The number of tokens that were in its KV cache.</returns>
    internal async Task<int> AskAsync()
    {
        // A repeated request would clear the cache, so each one is different.
        string text = $"n{Interlocked.Increment(ref _questions)}";
        (HttpStatusCode status, JsonElement answer) = await node.PostJsonAsync(
            "/v1/chat/completions", $$"""{"model":"{{Name}}","messages":[{"role":"system","content":"{{Long}}"},{"role":"user","content":"!echo {{text}}"}]}""");
        status.Should().Be(HttpStatusCode.OK, "{0}", answer);
        answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString().Should().Be(text);
        return answer.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();
    }

    /// <summary>Checks that the model still has its process and its KV cache, and that no two runs have overlapped.</summary>
    internal async Task IsUntouchedAsync(int process)
    {
        (await AskAsync()).Should().BeGreaterThan(CachedTokens, "the other model keeps its KV cache");
        node.Workers().Should().Contain(process, "the other model keeps its process");
        (File.Exists(violations) ? File.ReadAllText(violations) : "").Should().BeEmpty("runs must not overlap");
    }
}
