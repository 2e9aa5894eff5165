using System.Net;
using System.Text;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api;

/// <summary>No model name in a request gives access to files outside the models directory, on any endpoint.</summary>
public sealed class ModelNameTests : IDisposable
{
    private const string Secret = "not for clients";

    private static readonly string[] Names =
    [
        "..", ".", "../outside", "../outside:latest", "m/../../outside", "./m", "m/", "m/.", "/etc", "//etc", "/etc/passwd", "m\0", "m\0/../../outside", "\0",
        "%2e%2e%2foutside", "..%2Foutside", "%2Fetc%2Fpasswd", "..\\outside", "~", "$HOME", "m\n", "outside", "outside.rkllm", "Modelfile", "m/Modelfile", "\uFF0E\uFF0E/outside", "",
    ];

    private readonly DirectoryInfo _outside = Directory.CreateTempSubdirectory("rkllama-outside-");

    public static TheoryData<string> AllNames => [.. Names];

    public void Dispose() => _outside.Delete(recursive: true);

    [Fact]
    public async Task A_long_name_is_cut_in_the_error_and_in_the_log()
    {
        await using TestServer server = await StartAsync();
        string name = new('x', 1 << 20);

        (string Method, string Path, string Body)[] requests =
        [
            ("POST", "/load_model", $$"""{"model_name":"{{name}}"}"""),
            ("POST", "/api/show", $$"""{"model":"{{name}}"}"""),
            ("POST", "/api/copy", $$"""{"source":"m","destination":"{{name}}"}"""),
            ("DELETE", "/api/delete", $$"""{"model":"{{name}}"}"""),
            ("POST", "/v1/chat/completions", $$"""{"model":"{{name}}","messages":[{"role":"user","content":"Hi"}]}"""),
            ("POST", "/v1/chat/completions", $$"""{"model":"m","messages":[{"role":"{{name}}","content":"Hi"}]}"""),
            ("POST", "/v1/chat/completions", $$$"""{"model":"m","messages":[{"role":"user","content":"Hi"}],"chat_template_kwargs":{"{{{name}}}":{} },"response_format":{"type":"json_schema","json_schema":{"schema":{"{{{name}}}":1} } } }"""),
            ("POST", "/v1/embeddings", $$"""{"model":"{{name}}","input":"Hi"}"""),
            ("POST", "/api/chat", $$"""{"model":"m","messages":[{"role":"{{name}}","content":"Hi"}]}"""),
            ("POST", "/api/generate", $$"""{"model":"{{name}}","prompt":"Hi","suffix":"x"}"""),
            ("GET", "/" + name[..4096], ""),
        ];
        foreach ((string method, string path, string body) in requests)
        {
            using HttpRequestMessage request = new(new(method), path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            using HttpResponseMessage response = await server.Client.SendAsync(request);

            ((int)response.StatusCode).Should().BeInRange(400, 404, path);
            (await response.Content.ReadAsStringAsync()).Length.Should().BeLessThan(1000, path);
        }

        server.Log.Length.Should().BeLessThan(10_000);
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public async Task A_name_is_looked_up_only_in_the_models_directory(string name)
    {
        await using TestServer server = await StartAsync();
        string before = Files();
        string json = Quoted(name);

        // These names are valid for a new model. For the copy, a name that is in use is sent instead.
        string destination = name is "outside" or "outside.rkllm" or "Modelfile" or "~" or "$HOME" || name.Contains('%', StringComparison.Ordinal) ? "\"m\"" : json;

        (string Method, string Path, string Body)[] requests =
        [
            ("POST", "/load_model", $$"""{"model_name":{{json}}}"""),
            ("POST", "/load_model", $$"""{"model_name":"bare","from":{{json}}}"""),
            ("POST", "/api/show", $$"""{"model":{{json}}}"""),
            ("POST", "/api/copy", $$"""{"source":{{json}},"destination":"new"}"""),
            ("POST", "/api/copy", $$"""{"source":"m","destination":{{destination}}}"""),
            ("POST", "/api/rename", $$"""{"source":{{json}},"destination":"new"}"""),
            ("POST", "/api/rename", $$"""{"source":"m","destination":{{destination}}}"""),
            ("DELETE", "/api/delete", $$"""{"model":{{json}}}"""),
            ("POST", "/v1/chat/completions", $$"""{"model":{{json}},"messages":[{"role":"user","content":"Hi"}]}"""),
            ("POST", "/v1/embeddings", $$"""{"model":{{json}},"input":"Hi"}"""),
            ("POST", "/api/generate", $$"""{"model":{{json}},"prompt":"Hi"}"""),
        ];
        foreach ((string method, string path, string body) in requests)
        {
            using HttpRequestMessage request = new(new(method), path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            using HttpResponseMessage response = await server.Client.SendAsync(request);
            string answer = await response.Content.ReadAsStringAsync();

            response.StatusCode.Should().Match(status => status == HttpStatusCode.BadRequest || status == HttpStatusCode.NotFound, "{0} {1} {2} got {3}", method, path, body, answer);
            answer.Should().NotContain(Secret);
        }

        Files().Should().Be(before);
        server.Engine.Sessions.Should().BeEmpty();
        server.Log.Should().NotContain("Fault").And.NotContain("   at ");
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../../outside")]
    [InlineData("%2e%2e%2foutside")]
    [InlineData("..%2f..%2foutside")]
    [InlineData("%252e%252e%252foutside")]
    [InlineData("%2Fetc%2Fpasswd")]
    [InlineData("/etc/passwd")]
    [InlineData("m%00")]
    [InlineData("m%2f..%2fm")]
    [InlineData("%ff%fe")]
    public async Task A_path_finds_a_model_or_nothing(string id)
    {
        await using TestServer server = await StartAsync();

        // The path is sent unchanged. A URI class would normalize it.
        string answer = await RawRequest.GetAsync(server.Address, $"/v1/models/{id}");

        answer.Should().MatchRegex("^HTTP/1.1 (400|404) ").And.NotContain(Secret).And.NotContain("\"object\":\"model\"");
    }

    [Fact]
    public async Task A_link_made_by_the_operator_is_followed_and_deleted_as_a_link()
    {
        await using TestServer server = await StartAsync();
        string real = Path.Combine(_outside.FullName, "outside");
        Directory.CreateSymbolicLink(Path.Combine(_outside.FullName, "models", "linked"), real);
        File.WriteAllBytes(Path.Combine(real, "m.rkllm"), [.. Enumerable.Repeat((byte)7, 4096)]);

        (await server.PostAsync("/load_model", """{"model_name":"linked"}""")).StatusCode.Should().Be(HttpStatusCode.OK);
        using HttpRequestMessage delete = new(HttpMethod.Delete, "/api/delete") { Content = new StringContent("""{"model":"linked"}""") };
        (await server.Client.SendAsync(delete)).StatusCode.Should().Be(HttpStatusCode.OK);

        Directory.Exists(Path.Combine(_outside.FullName, "models", "linked")).Should().BeFalse();
        File.Exists(Path.Combine(real, "m.rkllm")).Should().BeTrue("the target of the link does not belong to the server");
    }

    /// <summary>
    /// Starts a server with a model <c>m</c> and a directory <c>bare</c> without a Modelfile. Outside the models directory are files that requests must
    /// not reach.
    /// </summary>
    private async Task<TestServer> StartAsync()
    {
        TestServer server = await TestServer.StartAsync(configure: options => options with { ModelsDirectory = Path.Combine(_outside.FullName, "models") });
        foreach (string directory in (string[])["models/m", "models/bare", "outside"])
        {
            string path = Path.Combine(_outside.FullName, directory);
            Directory.CreateDirectory(path);
            await File.WriteAllTextAsync(Path.Combine(path, "Modelfile"), $"FROM=\"m.rkllm\"\nSYSTEM=\"{(directory == "outside" ? Secret : "")}\"\n");
            await File.WriteAllBytesAsync(Path.Combine(path, "m.rkllm"), [.. Enumerable.Repeat((byte)7, 4096)]);
        }

        File.Delete(Path.Combine(_outside.FullName, "models/bare/Modelfile"));
        await File.WriteAllTextAsync(Path.Combine(_outside.FullName, "outside.rkllm"), Secret);
        return server;
    }

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text)}\"";

    private string Files() => string.Join('\n',
        _outside.EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Select(entry => $"{entry.FullName} {(entry as FileInfo)?.Length}").Order(StringComparer.Ordinal));
}
