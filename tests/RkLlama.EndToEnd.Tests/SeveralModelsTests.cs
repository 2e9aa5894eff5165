using System.Diagnostics;
using System.Net;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Several models in memory, with the published executable: a chat model and an embedding model.</summary>
public sealed class SeveralModelsTests : IDisposable
{
    private const string Embed = """{"model":"embedder","input":"a text"}""";
    private readonly DirectoryInfo _models = Directory.CreateTempSubdirectory("rkllama-models-");

    public void Dispose() => _models.Delete(recursive: true);

    [Fact]
    public async Task A_chat_model_and_an_embedding_model_stay_loaded_in_workers_and_npu_domains_of_their_own()
    {
        await using Node node = await StartAsync();

        for (int question = 0; question < 3; question++)
        {
            (await node.PostJsonAsync("/v1/embeddings", Embed)).Status.Should().Be(HttpStatusCode.OK);
            (await node.PostJsonAsync("/v1/chat/completions", Chat("demo"))).Status.Should().Be(HttpStatusCode.OK);
        }

        node.Workers().Should().HaveCount(2);
        node.Trace("rkllm_init").Select(static init => init.GetProperty("base_domain_id").GetInt32()).Should().Equal(1, 2);
        JsonElement health = (await node.GetJsonAsync("/health")).Body;
        Names(health.GetProperty("models"), "name").Should().Equal("demo", "embedder");
        health.GetProperty("model").GetString().Should().Be("demo");
        Names((await node.GetJsonAsync("/api/ps")).Body.GetProperty("models"), "name").Should().Equal("demo:latest", "embedder:latest");
    }

    [Fact]
    public async Task The_death_of_a_worker_leaves_the_other_model_alone()
    {
        await using Node node = await StartAsync();
        await node.PostJsonAsync("/v1/embeddings", Embed);
        int embedder = await node.WorkerAsync();
        await node.PostJsonAsync("/v1/chat/completions", Chat("demo"));
        int chat = node.Workers().Single(worker => worker != embedder);

        Node.SignalTo("KILL", chat);

        (await node.PostJsonAsync("/v1/embeddings", Embed)).Status.Should().Be(HttpStatusCode.OK);
        (await node.PostJsonAsync("/v1/chat/completions", Chat("demo"))).Status.Should().Be(HttpStatusCode.OK);
        node.Workers().Should().HaveCount(2).And.Contain(embedder).And.NotContain(chat);
    }

    [Fact]
    public async Task Two_models_can_be_preloaded_and_the_first_one_answers_generate()
    {
        await using Node node = await StartAsync("--max-models", "3", "--preload", "demo,embedder");
        await node.EventuallyAsync(() => node.Workers().Length == 2, "both models should be loaded");
        await node.LogsAsync("Model embedder loaded");

        (await node.AskAsync("!echo x")).Should().Be("x");

        (await node.GetJsonAsync("/current_model")).Body.GetProperty("model_name").GetString().Should().Be("demo");
        (await node.PostJsonAsync("/v1/chat/completions", Chat("other"))).Status.Should().Be(HttpStatusCode.OK);
        node.Workers().Should().HaveCount(3);
    }

    [Fact]
    public async Task Questions_to_documents_load_each_model_once_and_need_a_fraction_of_the_time()
    {
        const int Questions = 4;

        // A tenth of the times of a board: 1.5B and 0.6B models, read at 300 MB/s.
        (string, string)[] slow = [("demo", "init_slow:630"), ("embedder", "init_slow:270"), ("reranker", "init_slow:270")];
        (TimeSpan several, int loads) = await AskDocumentsAsync(Questions, slow, "auto");
        (TimeSpan single, int loadsOfSingle) = await AskDocumentsAsync(Questions, slow, "1");

        loads.Should().Be(3);
        loadsOfSingle.Should().Be(3 * Questions);
        (single / several).Should().BeGreaterThan(2);
    }

    /// <summary>Asks questions: embeds the query, judges five documents, and lets the chat model answer.</summary>
    /// <returns>The time after the first question, and the number of loads.</returns>
    private async Task<(TimeSpan Time, int Loads)> AskDocumentsAsync(int questions, (string Model, string Fault)[] faults, string maxModels)
    {
        await using Node node = await StartAsync(faults, ("RKLLM_SIMULATOR_SPEED", "10"), "--max-models", maxModels);
        Stopwatch watch = new();
        for (int question = 0; question < questions; question++)
        {
            if (question == 1)
                watch.Start();
            (await node.PostJsonAsync("/v1/embeddings", $$"""{"model":"embedder","input":"question {{question}}"}""")).Status.Should().Be(HttpStatusCode.OK);
            (HttpStatusCode status, JsonElement judged) = await node.PostJsonAsync(
                "/v1/rerank", $$"""{"model":"reranker","query":"question {{question}}","documents":["a","question","question {{question}}","b","c"]}""");
            status.Should().Be(HttpStatusCode.OK, "{0}", judged);
            judged.GetProperty("results")[0].GetProperty("index").GetInt32().Should().Be(2);
            (await node.PostJsonAsync("/v1/chat/completions", Chat("demo", "!count 20"))).Status.Should().Be(HttpStatusCode.OK);
        }

        return (watch.Elapsed, node.Trace("rkllm_init").Count);
    }

    [Fact]
    public async Task With_one_model_the_other_one_replaces_it()
    {
        await using Node node = await StartAsync("--max-models", "1");

        await node.PostJsonAsync("/v1/embeddings", Embed);
        await node.PostJsonAsync("/v1/chat/completions", Chat("demo"));

        node.Workers().Should().ContainSingle();
        node.Trace("rkllm_init").Should().HaveCount(2);
    }

    private Task<Node> StartAsync(params string[] arguments) => StartAsync([], ("RKLLM_SIMULATOR_SPEED", "0"), arguments);

    /// <param name="faults">Faults of the simulator while it has a model, by the name of the model.</param>
    private Task<Node> StartAsync((string Model, string Fault)[] faults, (string Name, string? Value) variable, params string[] arguments)
    {
        _models.GetDirectories().ToList().ForEach(static model => model.Delete(recursive: true));
        foreach ((string name, string source) in
            (ReadOnlySpan<(string, string)>)[("demo", "demo"), ("other", "demo"), ("embedder", "demo-embedding"), ("reranker", "demo-reranker")])
        {
            DirectoryInfo directory = _models.CreateSubdirectory(name);
            foreach (string file in Directory.EnumerateFiles(Path.Combine(TestPaths.Root, "models", source)))
                File.Copy(file, Path.Combine(directory.FullName, Path.GetFileName(file)));
            string model = Path.Combine(directory.FullName, $"{source}.rkllm"), content = File.ReadAllText(model);
            foreach ((_, string fault) in faults.Where(one => one.Model == name))
                File.WriteAllText(model, content.Insert(content.IndexOf('{', StringComparison.Ordinal) + 1, $"\"fault\":\"{fault}\","));
        }

        return Node.StartAsync("1.2.3", ["--port", "0", "--models", _models.FullName, .. arguments], variable);
    }

    private static string Chat(string model, string prompt = "!echo x") => $$"""{"model":"{{model}}","messages":[{"role":"user","content":"{{prompt}}"}]}""";

    private static IEnumerable<string?> Names(JsonElement list, string property) => list.EnumerateArray().Select(item => item.GetProperty(property).GetString());
}
