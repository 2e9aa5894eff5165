using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Pulls;

/// <summary>A node gives the files of its models to other nodes.</summary>
public sealed class SharedFileTests : IAsyncLifetime
{
    private static readonly byte[] Weights = [.. Enumerable.Repeat((byte)7, 4096)];
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync(configure: static options => options with { SharesModels = true });
        _server.AddModel("m");
        Write("tokenizer.json", "{}");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("/models/m/files")]
    [InlineData("/models/m/files/m.rkllm")]
    public async Task A_node_that_does_not_share_its_models_says_so(string path)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        (HttpStatusCode status, JsonElement body) = await server.GetJsonAsync(path);

        status.Should().Be(HttpStatusCode.Forbidden);
        body.GetProperty("error").GetString().Should().Contain("--share-models");
    }

    [Theory]
    [InlineData("/models/m/files")]
    [InlineData("/models/m/files/m.rkllm")]
    public async Task Files_need_the_key_of_the_node(string path)
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { SharesModels = true, ApiKey = "secret" });
        server.AddModel("m");

        (await server.GetJsonAsync(path)).Status.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task The_list_has_the_regular_files_of_the_model_with_size_and_hash()
    {
        Directory.CreateDirectory(PathOf("additional_chat_templates"));
        Write("additional_chat_templates/rag.jinja", "x");
        Write("other.rkllm", "another model");
        Write(".hidden", "x");
        Write("tokenizer.json.part", "x");
        Write("tokenizer.json.part.json", "x");
        Directory.CreateDirectory(PathOf("unrelated"));
        Write("unrelated/file", "x");
        File.CreateSymbolicLink(PathOf("link.json"), "/etc/hostname");

        JsonElement list = await ListAsync();

        list.GetProperty("model_file").GetString().Should().Be("m.rkllm");
        JsonElement[] files = [.. list.GetProperty("files").EnumerateArray()];
        files.Select(static file => file.GetProperty("path").GetString()).Should().Equal("m.rkllm", "Modelfile", "tokenizer.json", "additional_chat_templates/rag.jinja");
        files[0].GetProperty("size").GetInt64().Should().Be(4096);
        files[0].GetProperty("sha256").GetString().Should().Be(Convert.ToHexStringLower(SHA256.HashData(Weights)));
    }

    [Fact]
    public async Task A_changed_file_has_another_tag_hash_and_revision()
    {
        JsonElement before = await ListAsync();

        Write("tokenizer.json", "{ }");
        JsonElement after = await ListAsync();

        after.GetProperty("revision").GetString().Should().NotBe(before.GetProperty("revision").GetString());
        Field(after, 2, "etag").Should().NotBe(Field(before, 2, "etag"));
        Field(after, 2, "sha256").Should().NotBe(Field(before, 2, "sha256"));
        Field(after, 0, "etag").Should().Be(Field(before, 0, "etag"));
    }

    [Theory]
    [InlineData(0, 99, HttpStatusCode.PartialContent, "bytes 0-99/4096", 100)]
    [InlineData(4000, null, HttpStatusCode.PartialContent, "bytes 4000-4095/4096", 96)]
    [InlineData(4000, 9999, HttpStatusCode.PartialContent, "bytes 4000-4095/4096", 96)]
    [InlineData(4096, null, HttpStatusCode.RequestedRangeNotSatisfiable, "bytes */4096", 0)]
    [InlineData(null, null, HttpStatusCode.OK, null, 4096)]
    public async Task A_part_of_a_file_is_sent(int? from, int? to, HttpStatusCode status, string? range, int length)
    {
        using HttpResponseMessage response = await GetAsync("m.rkllm", request => request.Headers.Range = from is null ? null : new(from, to));

        response.StatusCode.Should().Be(status);
        response.Content.Headers.ContentRange?.ToString().Should().Be(range);
        response.Headers.ETag!.IsWeak.Should().BeFalse();
        response.Headers.ETag.Tag.Should().Be(Field(await ListAsync(), 0, "etag"));
        if (length > 0)
            (await response.Content.ReadAsByteArrayAsync()).Should().HaveCount(length).And.OnlyContain(static one => one == 7);
    }

    [Fact]
    public async Task A_range_of_an_unknown_unit_is_answered_with_the_whole_file()
    {
        using HttpResponseMessage response = await GetAsync("m.rkllm", static request => request.Headers.TryAddWithoutValidation("Range", "chars=0-4"));

        (response.StatusCode, response.Content.Headers.ContentLength).Should().Be((HttpStatusCode.OK, 4096L));
    }

    [Fact]
    public async Task A_part_of_another_version_is_answered_with_the_whole_file()
    {
        using HttpResponseMessage response = await GetAsync("m.rkllm", static request =>
        {
            request.Headers.Range = new(0, 99);
            request.Headers.IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue("\"other\""));
        });

        (response.StatusCode, response.Content.Headers.ContentLength).Should().Be((HttpStatusCode.OK, 4096L));
    }

    [Fact]
    public async Task A_request_for_the_headers_gets_no_content()
    {
        using HttpResponseMessage response = await GetAsync("m.rkllm", static request => request.Method = HttpMethod.Head);

        (response.StatusCode, response.Content.Headers.ContentLength).Should().Be((HttpStatusCode.OK, 4096L));
        (await response.Content.ReadAsByteArrayAsync()).Should().BeEmpty();
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("../m/m.rkllm")]
    [InlineData("..%2f..%2fetc%2fpasswd")]
    [InlineData("%2fetc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData(".hidden")]
    [InlineData("link.json")]
    [InlineData("pipe.json")]
    public async Task Only_listed_files_are_sent(string path)
    {
        Write(".hidden", "x");
        File.CreateSymbolicLink(PathOf("link.json"), "/etc/hostname");
        await RunAsync("mkfifo", PathOf("pipe.json"));

        using HttpResponseMessage response = await _server.Client.GetAsync(new Uri(_server.Address + "models/m/files/" + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));

        response.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("other")]
    [InlineData("m.partial")]
    [InlineData("..")]
    public async Task Only_models_have_files(string name)
    {
        Directory.CreateDirectory(Path.Join(_server.Models, "m.partial"));
        File.WriteAllText(Path.Join(_server.Models, "m.partial", "m.rkllm"), "half");

        using HttpResponseMessage response = await _server.Client.GetAsync(new Uri(_server.Address + $"models/{name}/files", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));

        response.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("/etc/hostname")]
    [InlineData("../n/n.rkllm")]
    public async Task A_model_whose_file_is_elsewhere_is_not_shared(string from)
    {
        Directory.CreateDirectory(Path.Join(_server.Models, "n"));
        File.WriteAllText(Path.Join(_server.Models, "n", "n.rkllm"), "x");
        Write("Modelfile", $"FROM=\"{from}\"\n");

        (HttpStatusCode status, JsonElement body) = await _server.GetJsonAsync("/models/m/files");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain("'rkllama cp m NAME'");
    }

    [Fact]
    public async Task A_linked_model_file_is_sent()
    {
        string target = Path.Join(_server.Models, "stored.bin");
        File.Move(PathOf("m.rkllm"), target);
        File.CreateSymbolicLink(PathOf("m.rkllm"), target);

        using HttpResponseMessage response = await GetAsync("m.rkllm");

        (await response.Content.ReadAsByteArrayAsync()).Should().Equal(Weights);
    }

    private string PathOf(string file) => Path.Join(_server.Models, "m", file);

    private void Write(string file, string text) => File.WriteAllText(PathOf(file), text);

    private static string? Field(JsonElement list, int file, string name) => list.GetProperty("files")[file].GetProperty(name).GetString();

    /// <summary>Returns the list when it has all hashes.</summary>
    private async Task<JsonElement> ListAsync()
    {
        while (true)
        {
            (HttpStatusCode status, JsonElement body) = await _server.GetJsonAsync("/models/m/files");
            status.Should().Be(HttpStatusCode.OK);
            if (!body.GetProperty("hashing").GetBoolean())
                return body;
            await Task.Delay(10);
        }
    }

    private async Task<HttpResponseMessage> GetAsync(string file, Action<HttpRequestMessage>? change = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/models/m/files/" + file);
        change?.Invoke(request);
        return await _server.Client.SendAsync(request);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync();
    }
}
