using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RkLlama.Benchmarks;

/// <summary>
/// Questions to a collection of documents at the speed of a board: embed the question, judge five documents, answer. With all three models in memory, and with
/// one model at a time.
/// </summary>
internal static partial class RagBenchmark
{
    private const int Questions = 20;
    private const string Answer = "!echo The node keeps its models in memory, so that an answer needs no load of a model at all.";

    // The models with their load times: the time to read the file of a 1.5B model (1.9 GB) and of a 0.6B model (0.8 GB) at 300 MB/s, as from eMMC.
    private static readonly (string Name, string Source, int LoadMs)[] Models =
        [("demo", "demo", 6300), ("embedder", "demo-embedding", 2700), ("reranker", "demo-reranker", 2700)];

    private static readonly string[] Documents =
    [
        "The node keeps several models in memory, each in a worker process of its own.", "An NPU runs one request at a time.", "Bread from rye keeps for a week.",
        "The memory of a board is between 4 and 32 GB.", "A model that does not fit is refused with the sizes.",
    ];

    /// <param name="demos">The directory of the demo models.</param>
    public static async Task RunAsync(string executable, string library, string demos, TextWriter output)
    {
        string models = Directory.CreateTempSubdirectory("rkllama-rag-").FullName;
        try
        {
            foreach ((string name, string source, int loadMs) in Models)
                Copy(Path.Combine(demos, source), Path.Combine(models, name), source, loadMs);
            (double Seconds, int Loads, int First) several = await MeasureAsync(executable, library, models, "auto").ConfigureAwait(false);
            (double Seconds, int Loads, int First) single = await MeasureAsync(executable, library, models, "1").ConfigureAwait(false);
            await output.WriteLineAsync($"| {Questions} questions to documents | `--max-models 1` | `--max-models auto` | ratio |").ConfigureAwait(false);
            await output.WriteLineAsync("|---|---|---|---|").ConfigureAwait(false);
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"| time | {single.Seconds:F1} s | {several.Seconds:F1} s | {single.Seconds / several.Seconds:F1} |")).ConfigureAwait(false);
            await output.WriteLineAsync($"| loads | {single.Loads} | {several.Loads} | |").ConfigureAwait(false);
            await output.WriteLineAsync($"| loads after the first question | {single.Loads - single.First} | {several.Loads - several.First} | |").ConfigureAwait(false);
            await output.WriteLineAsync().ConfigureAwait(false);
        }
        finally
        {
            Directory.Delete(models, recursive: true);
        }
    }

    /// <returns>The time of all questions, the loads, and the loads until the end of the first question.</returns>
    private static async Task<(double Seconds, int Loads, int First)> MeasureAsync(string executable, string library, string models, string maxModels)
    {
        // The chat model is loaded when the time begins.
        BenchmarkServer server = await BenchmarkServer.StartAsync(executable, library, models, "1", "demo", "--max-models", maxModels).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            int first = 0;
            long start = Stopwatch.GetTimestamp();
            for (int question = 0; question < Questions; question++)
            {
                await AskAsync(server, question).ConfigureAwait(false);
                first = question == 0 ? Loads() : first;
            }

            return (Stopwatch.GetElapsedTime(start).TotalSeconds, Loads(), first);

            int Loads() => server.Trace().Count(static call => call.Call == "rkllm_init");
        }
    }

    private static async Task AskAsync(BenchmarkServer server, int question)
    {
        string query = $"Question {question}: how many models are in memory?";
        await server.PostAsync("/v1/embeddings", $$"""{"model":"embedder","input":"{{query}}"}""").ConfigureAwait(false);
        string judged = await server.PostAsync(
            "/v1/rerank", $$"""{"model":"reranker","query":"{{query}}","documents":[{{string.Join(',', Documents.Select(static text => $"\"{text}\""))}}]}""").ConfigureAwait(false);
        using JsonDocument answer = JsonDocument.Parse(judged);
        string best = answer.RootElement.GetProperty("results")[0].GetProperty("document").GetProperty("text").GetString()!;
        await server.PostAsync(
            "/v1/chat/completions",
            $$"""{"model":"demo","messages":[{"role":"system","content":"Answer with this document: {{best}}"},{"role":"user","content":"{{Answer}}"}]}""").ConfigureAwait(false);
    }

    private static void Copy(string source, string target, string name, int loadMs)
    {
        Directory.CreateDirectory(target);
        foreach (string file in Directory.EnumerateFiles(source))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        string model = Path.Combine(target, $"{name}.rkllm");
        File.WriteAllText(model, FirstBrace.Replace(File.ReadAllText(model), $$"""{ "fault": "init_slow:{{loadMs}}",""", 1));
    }

    [GeneratedRegex(@"\{")]
    private static partial Regex FirstBrace { get; }
}
