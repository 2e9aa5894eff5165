using System.Net;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Pull;

/// <summary>Published servers bring models from each other and from directories, by the command line.</summary>
public sealed class NodeSourceTests : IAsyncLifetime
{
    private const long LargeBytes = 160_000_000;
    private Node _source = null!;

    public async Task InitializeAsync()
    {
        _source = await Node.StartAsync("1.2.3", ["--port", "0", "--share-models"], ("RKLLAMA_API_KEY", "secret"));
        _source.AddModel("demo", "FROM=\"demo.rkllm\"\nTEMPERATURE=0.1\n");
    }

    public async Task DisposeAsync() => await _source.DisposeAsync();

    [Fact]
    public async Task A_model_that_comes_from_another_node_answers()
    {
        await using Node target = await Node.StartAsync("1.2.3");

        (int code, string output, string error) = await Tool.RunAsync(
            ["pull", "demo", "copy", "--from", _source.Address.ToString()], ("RKLLAMA_HOST", target.Address.ToString()), ("RKLLAMA_FROM_KEY", "secret"));

        code.Should().Be(0, error);
        output.Should().StartWith("'copy' is ready");
        (await File.ReadAllTextAsync(Path.Combine(target.Models, "copy", "Modelfile"))).Should().Be("FROM=\"demo.rkllm\"\nTEMPERATURE=0.1\n");
        new FileInfo(Path.Combine(target.Models, "copy", "demo.rkllm")).LinkTarget.Should().BeNull();
        (HttpStatusCode status, JsonElement body) = await target.PostJsonAsync("/api/chat", """{"model":"copy","messages":[{"role":"user","content":"Hello"}],"stream":false}""");
        status.Should().Be(HttpStatusCode.OK, "{0}", body);
    }

    [Fact]
    public async Task A_node_that_is_killed_continues_the_download_from_the_other_node()
    {
        string large = Path.Combine(_source.Models, "large.bin");
        await using (FileStream file = File.Create(large))
        {
            byte[] block = new byte[1_000_000];
            for (long size = 0; size < LargeBytes; size += block.Length)
            {
                Random.Shared.NextBytes(block);
                await file.WriteAsync(block);
            }
        }

        File.Delete(Path.Combine(_source.Models, "demo", "demo.rkllm"));
        File.CreateSymbolicLink(Path.Combine(_source.Models, "demo", "demo.rkllm"), large);
        Node target = await Node.StartAsync("1.2.3", ["--port", "0", "--pull-rate", "60"]);
        await using Node first = target;
        Task<(HttpStatusCode, JsonElement)> pull = target.PostJsonAsync("/api/pull", Request);
        string journal = Path.Combine(target.Models, "demo.partial", "demo.rkllm.part.json");
        await target.EventuallyAsync(() => File.Exists(journal) && new FileInfo(journal[..^5]).Length > 20_000_000, "a part should be there");
        await Task.WhenAny(pull, Task.Delay(500));
        target.Kill();
        await pull.ContinueWith(static _ => { }, TaskScheduler.Default);
        (await target.WaitForExitAsync()).Should().NotBe(0);
        long[] pairs = [.. JsonElement.Parse(await File.ReadAllTextAsync(journal)).GetProperty("written").EnumerateArray().Select(static one => one.GetInt64())];
        long kept = Enumerable.Range(0, pairs.Length / 2).Sum(i => pairs[(2 * i) + 1] - pairs[2 * i]);

        await using Node next = await Node.StartAsync("1.2.3", ["--port", "0", "--models", target.Models]);
        (HttpStatusCode status, JsonElement body) = await next.PostJsonAsync("/api/pull", Request);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        kept.Should().BeInRange(1, LargeBytes - 1);
        byte[] sent = await File.ReadAllBytesAsync(large), arrived = await File.ReadAllBytesAsync(Path.Combine(target.Models, "demo", "demo.rkllm"));
        arrived.AsSpan().SequenceEqual(sent).Should().BeTrue();
    }

    [Fact]
    public async Task Create_copies_the_file_that_FROM_names_and_the_model_answers()
    {
        await using Node target = await Node.StartAsync("1.2.3");
        string stick = Directory.CreateTempSubdirectory("rkllama-stick-").FullName;
        foreach (string file in Directory.EnumerateFiles(Path.GetDirectoryName(TestPaths.DemoModel)!).Where(static file => Path.GetFileName(file) != "Modelfile"))
            File.Copy(file, Path.Combine(stick, Path.GetFileName(file)));
        await File.WriteAllTextAsync(Path.Combine(stick, "Modelfile"), $"FROM ./{Path.GetFileName(TestPaths.DemoModel)}\nSYSTEM Be kind.\n");

        (int code, string output, string error) = await Tool.RunAsync(["create", "mine", "-f", Path.Combine(stick, "Modelfile")], ("RKLLAMA_HOST", target.Address.ToString()));

        Directory.Delete(stick, recursive: true);
        (code, output).Should().Be((0, "created 'mine'\n"), error);
        (HttpStatusCode status, JsonElement body) = await target.PostJsonAsync("/api/chat", """{"model":"mine","messages":[{"role":"user","content":"Hello"}],"stream":false}""");
        status.Should().Be(HttpStatusCode.OK, "{0}", body);
    }

    private string Request => $$"""{"model":"demo","from":"{{_source.Address}}","from_key":"secret","stream":false}""";
}
