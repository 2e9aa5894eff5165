using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Copies, renames and deletions of models by a server that is killed, and by a server whose model is loading.</summary>
public sealed class ModelChangeTests : IDisposable
{
    private const int Kills = 12;
    private const int MaxDelayMs = 40;

    private readonly DirectoryInfo _models = Directory.CreateTempSubdirectory("rkllama-e2e-models-");

    public void Dispose() => _models.Delete(recursive: true);

    [Fact]
    public async Task A_killed_server_leaves_whole_models_only()
    {
        string demo = Path.GetDirectoryName(TestPaths.DemoModel)!;
        string original = Directory.CreateDirectory(Path.Combine(_models.FullName, "demo")).FullName;
        foreach (string file in Directory.EnumerateFiles(demo))
            File.Copy(file, Path.Combine(original, Path.GetFileName(file)));
        Dictionary<string, long> expected = Sizes(original);
        Random random = new(20261129);

        for (int kill = 0; kill < Kills; kill++)
        {
            await using Node node = await StartAsync();
            using CancellationTokenSource stop = new();
            Task changes = ChangeAsync(node, stop.Token);
            await Task.Delay(random.Next(MaxDelayMs));
            node.Signal("KILL");
            await node.WaitForExitAsync();
            await stop.CancelAsync();
            await changes;

            foreach (string model in Visible())
                Check(model, expected, kill);
        }

        await using Node last = await StartAsync();
        await last.EventuallyAsync(() => Directory.EnumerateFileSystemEntries(_models.FullName, ".*").Any() is false, "the leftovers should be deleted");
        (await last.GetJsonAsync("/models")).Body.GetProperty("models").EnumerateArray().Select(static name => name.GetString())
            .Should().BeEquivalentTo(Visible().Select(Path.GetFileName)).And.Contain("demo");
    }

    [Fact]
    public async Task A_deleted_model_that_was_loading_does_not_serve()
    {
        await using Node node = await Node.StartAsync("1.2.3", null, ("RKLLM_SIMULATOR_FAULT", "init_hang"));
        node.CopyDemo("demo");
        Task<(HttpStatusCode Status, JsonElement Body)> loading = node.PostJsonAsync("/load_model", """{"model_name":"demo"}""");
        await node.EventuallyAsync(() => node.Trace("rkllm_init").Count == 1, "the load should have begun");

        (await SendAsync(node, HttpMethod.Delete, "/api/delete", """{"model":"demo"}""")).Should().Be(HttpStatusCode.OK);

        (await loading).Status.Should().Be(HttpStatusCode.BadRequest);
        (await node.GetJsonAsync("/models")).Body.GetProperty("models").GetArrayLength().Should().Be(0);
        (await node.GetJsonAsync("/health")).Body.GetProperty("state").GetString().Should().Be("none");
    }

    [Fact]
    public async Task Copy_and_then_delete_renames_a_model()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync();

        (await SendAsync(node, HttpMethod.Post, "/api/copy", """{"source":"demo","destination":"mine"}""")).Should().Be(HttpStatusCode.OK);
        (await SendAsync(node, HttpMethod.Delete, "/api/delete", """{"model":"demo"}""")).Should().Be(HttpStatusCode.OK);

        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/api/generate", """{"model":"mine","prompt":"!echo still here","stream":false}""");
        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        body.GetProperty("response").GetString().Should().Contain("still here");
    }

    private static void Check(string model, Dictionary<string, long> expected, int kill)
    {
        Dictionary<string, long> sizes = Sizes(model);
        if (Path.GetFileName(model) == "made")
        {
            File.ReadAllText(Path.Combine(model, "Modelfile")).Should().Contain("FROM=").And.Contain("SYSTEM=\"Be brief.\"", "{0} is whole after kill {1}", model, kill);
            sizes["Modelfile"] = expected["Modelfile"];
        }

        sizes.Should().BeEquivalentTo(expected, "{0} is whole after kill {1}", model, kill);
    }

    private Task<Node> StartAsync() => Node.StartAsync(null, ["--port", "0", "--models", _models.FullName]);

    /// <summary>Copies, makes, renames and deletes models until the server is killed. The model <c>made</c> is replaced each time.</summary>
    private static async Task ChangeAsync(Node node, CancellationToken cancellationToken)
    {
        try
        {
            for (int i = 0; !cancellationToken.IsCancellationRequested; i++)
            {
                await SendAsync(node, HttpMethod.Post, "/api/copy", $$"""{"source":"demo","destination":"copy-{{i}}"}""");
                await SendAsync(node, HttpMethod.Post, "/api/create", """{"model":"made","from":"demo","system":"Be brief.","stream":false}""");
                await SendAsync(node, HttpMethod.Post, "/api/rename", $$"""{"source":"copy-{{i}}","destination":"other-{{i}}"}""");
                await SendAsync(node, HttpMethod.Delete, "/api/delete", $$"""{"model":"other-{{i}}"}""");
            }
        }
        catch (Exception ex) when (ex is HttpRequestException or SocketException)
        {
            // The server was killed, perhaps while the client connected.
        }
    }

    private static async Task<HttpStatusCode> SendAsync(Node node, HttpMethod method, string path, string body)
    {
        using HttpRequestMessage request = new(method, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await node.Client.SendAsync(request);
        return response.StatusCode;
    }

    private IEnumerable<string> Visible() =>
        Directory.EnumerateDirectories(_models.FullName).Where(static directory => !Path.GetFileName(directory).StartsWith('.'));

    private static Dictionary<string, long> Sizes(string directory) =>
        Directory.EnumerateFiles(directory).ToDictionary(static file => Path.GetFileName(file), static file => new FileInfo(file).Length);
}
