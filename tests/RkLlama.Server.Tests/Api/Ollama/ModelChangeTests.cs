using System.Net;
using System.Text;
using System.Text.Json;
using RkLlama.Cli;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Ollama;

public sealed class ModelChangeTests
{
    [Fact]
    public async Task A_copy_answers_after_the_original_was_deleted()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        (await server.PostAsync("/api/copy", """{"source":"m","destination":"mine"}""")).StatusCode.Should().Be(HttpStatusCode.OK);
        (await DeleteAsync(server, "m")).Should().Be(HttpStatusCode.OK);

        (await NamesAsync(server)).Should().Equal("mine");
        (await server.PostJsonAsync("/api/chat", """{"model":"mine","messages":[{"role":"user","content":"Hi"}],"stream":false}""")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_rename_says_whether_the_model_was_unloaded()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        (HttpStatusCode status, JsonElement loaded) = await server.PostJsonAsync("/api/rename", """{"source":"m:latest","destination":"n:latest"}""");
        JsonElement idle = (await server.PostJsonAsync("/api/rename", """{"source":"n","destination":"o"}""")).Body;

        status.Should().Be(HttpStatusCode.OK);
        loaded.GetRawText().Should().Be("""{"model":"n","unloaded":true}""");
        idle.GetRawText().Should().Be("""{"model":"o","unloaded":false}""");
        (await NamesAsync(server)).Should().Equal("o");
    }

    [Theory]
    [InlineData("""{"source":"none","destination":"n"}""", HttpStatusCode.NotFound)]
    [InlineData("""{"source":"m","destination":"other"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"source":"m","destination":""}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"source":"m"}""", HttpStatusCode.BadRequest)]
    public async Task A_rename_that_is_refused_changes_nothing(string body, HttpStatusCode expected)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");
        server.AddModel("other");

        (await server.PostJsonAsync("/api/rename", body)).Status.Should().Be(expected);

        (await NamesAsync(server)).Should().Equal("m", "other");
    }

    [Fact]
    public async Task The_command_mv_renames_a_model_of_a_running_server()
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { ApiKey = "secret" });
        server.AddModel("m");

        int unauthorized = await RunAsync("mv", "m", "n", "--url", server.Address.ToString());
        int renamed = await RunAsync("mv", "m", "n", "--url", server.Address.ToString(), "--api-key", "secret");
        int missing = await RunAsync("mv", "m", "n", "--url", server.Address.ToString(), "--api-key", "secret");
        int invalid = await RunAsync("mv", "m", "n", "--url", "no where");

        (unauthorized, renamed, missing, invalid).Should().Be((1, 0, 1, 2));
        Directory.Exists(Path.Combine(server.Models, "n")).Should().BeTrue();
    }

    [Fact]
    public async Task Leftovers_of_a_killed_server_are_deleted_at_the_start()
    {
        await using TestServer first = await TestServer.StartAsync();
        string leftover = Directory.CreateDirectory(Path.Combine(first.Models, ".rkllama-0123456789abcdef.deleted")).FullName;
        File.WriteAllText(Path.Combine(leftover, "m.rkllm"), "model");
        first.AddModel("m");

        await using TestServer second = await TestServer.StartAsync(configure: options => options with { ModelsDirectory = first.Models });

        await Engine.Tests.Support.HeldRuns.EventuallyAsync(() => !Directory.Exists(leftover));
        (await NamesAsync(second)).Should().Equal("m");
    }

    private static Task<int> RunAsync(params string[] arguments) => Task.Run(() => CommandLine.Run(arguments, static _ => Task.FromResult(9)));

    private static async Task<string?[]> NamesAsync(TestServer server) =>
        [.. (await server.GetJsonAsync("/models")).Body.GetProperty("models").EnumerateArray().Select(static name => name.GetString())];

    private static async Task<HttpStatusCode> DeleteAsync(TestServer server, string model)
    {
        using HttpRequestMessage request = new(HttpMethod.Delete, "/api/delete")
        {
            Content = new StringContent($$"""{"model":"{{model}}"}""", Encoding.UTF8, "application/json"),
        };
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        return response.StatusCode;
    }
}
