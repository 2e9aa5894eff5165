using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>
/// Servers that run one after the other with the same models and the same cache directory, and a conversation whose system prompt has about 1,000 tokens.
/// </summary>
internal sealed class PrefixRig : IDisposable
{
    /// <summary>Tokens that the prompts of two questions do not have in common; the rest is the prefix.</summary>
    internal const int MaxRest = 100;

    private static readonly string System = string.Concat(Enumerable.Range(0, 60).Select(static i => $"Rule {i}: be brief. "));
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("rkllama-prefix-");

    internal PrefixRig()
    {
        Models = _root.CreateSubdirectory("models").FullName;
        Caches = Path.Combine(_root.FullName, "caches");
        Add("demo");
    }

    internal string Models { get; }

    /// <summary>The directory that contains the directory of the server.</summary>
    internal string Caches { get; init; }

    internal string[] Files => Directory.Exists(Path.Combine(Caches, "rkllama")) ? [.. Directory.EnumerateFiles(Path.Combine(Caches, "rkllama")).Order()] : [];

    internal string CacheFile => Files.Single(static file => file.EndsWith(".cache", StringComparison.Ordinal));

    internal string Sidecar => Files.Single(static file => file.EndsWith(".json", StringComparison.Ordinal));

    internal void Add(string name)
    {
        DirectoryInfo directory = Directory.CreateDirectory(Path.Combine(Models, name));
        foreach (string file in Directory.EnumerateFiles(Path.Combine(TestPaths.Root, "models", "demo")))
            File.Copy(file, Path.Combine(directory.FullName, Path.GetFileName(file)));
    }

    internal void Change(string file, Func<string, string> change)
    {
        string path = Path.Combine(Models, "demo", file);
        File.WriteAllText(path, change(File.ReadAllText(path)));
    }

    internal Task<Node> StartAsync(string runtime = "1.2.3", string[]? arguments = null, params (string Name, string? Value)[] environment) =>
        Node.StartAsync(runtime, ["--port", "0", "--models", Models, .. arguments ?? []], [("XDG_CACHE_HOME", Caches), ("CACHE_DIRECTORY", null), .. environment]);

    /// <summary>Starts a server, and makes it save the prefix.</summary>
    internal async Task<Node> StartAndSaveAsync(string runtime = "1.2.3", string[]? arguments = null, params (string Name, string? Value)[] environment)
    {
        Node node = await StartAsync(runtime, arguments, environment);
        await AskThreeTimesAsync(node);
        await node.LogsAsync("tokens of its prompts are saved");
        return node;
    }

    internal static async Task AskThreeTimesAsync(Node node)
    {
        foreach (string question in (string[])["one", "two", "three"])
            await AskAsync(node, question);
    }

    /// <summary>Asks a question and checks the answer.</summary>
    /// <returns>Number of tokens of the prompt, of those from the cache by the answer (null if unknown), and of those that the library has processed.</returns>
    internal static async Task<(int Prompt, int? Cached, int Prefilled)> AskAsync(Node node, string question, string model = "demo")
    {
        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/v1/chat/completions", Body(question, model));
        status.Should().Be(HttpStatusCode.OK, "{0}\n{1}", body, node.Log);
        body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString().Should().Be(question);
        JsonElement usage = body.GetProperty("usage");
        int? cached = usage.TryGetProperty("prompt_tokens_details", out JsonElement details) && details.TryGetProperty("cached_tokens", out JsonElement count) ? count.GetInt32() : null;
        return (usage.GetProperty("prompt_tokens").GetInt32(), cached, node.Trace("run_end")[^1].GetProperty("prefill_tokens").GetInt32());
    }

    /// <summary>Asks a question of about 100 tokens, which no other question begins with.</summary>
    /// <returns>The time from the request to the first token.</returns>
    internal static async Task<TimeSpan> ToFirstTokenAsync(Node node, int number)
    {
        string question = string.Concat(Enumerable.Range(0, 12).Select(i => $" {number} and {i}"));
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Body(question, stream: true)) };
        Stopwatch watch = Stopwatch.StartNew();
        using HttpResponseMessage response = await node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync());
        TimeSpan? first = null;
        while (await lines.ReadLineAsync() is { } line)
        {
            if (first is null && line.Contains("\"content\":\" ", StringComparison.Ordinal))
                first = watch.Elapsed;
        }

        return first ?? throw new InvalidOperationException("The answer has no text.");
    }

    /// <summary>Kills the worker, and waits until the server has noticed it.</summary>
    internal static async Task KillWorkerAsync(Node node)
    {
        Node.SignalTo("KILL", await node.WorkerAsync());
        await node.LogsAsync("The worker of model demo died");
    }

    internal static string Body(string question, string model = "demo", bool stream = false) =>
        $$"""{"model":"{{model}}","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"system","content":"{{System}}"},{"role":"user","content":"!echo {{question}}"}]}""";

    public void Dispose() => _root.Delete(recursive: true);
}
