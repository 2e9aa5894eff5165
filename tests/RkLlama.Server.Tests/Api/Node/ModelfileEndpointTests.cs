using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Node;

/// <summary>Modelfiles that are shown and changed through the API.</summary>
public sealed class ModelfileEndpointTests
{
    [Fact]
    public async Task A_Modelfile_is_shown_with_the_warnings_about_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m", "FROM=\"m.rkllm\"\nUNKNOWN=1\n");

        JsonElement shown = (await server.GetJsonAsync("/node/models/M/modelfile")).Body;

        shown.GetProperty("model").GetString().Should().Be("m");
        shown.GetProperty("text").GetString().Should().Be("FROM=\"m.rkllm\"\nUNKNOWN=1\n");
        shown.GetProperty("editable").GetBoolean().Should().BeFalse();
        shown.GetProperty("warnings")[0].GetString().Should().Contain("UNKNOWN");
    }

    [Fact]
    public async Task A_model_without_a_Modelfile_has_none_to_show()
    {
        await using TestServer server = await TestServer.StartAsync();
        await File.WriteAllBytesAsync(Path.Combine(server.Models, "loose.rkllm"), [1, 2, 3]);

        foreach (string name in (string[])["loose", "absent", "..%2f..%2fetc"])
            (await server.GetJsonAsync($"/node/models/{name}/modelfile")).Status.Should().Be(HttpStatusCode.NotFound, name);
    }

    [Fact]
    public async Task An_allowed_change_replaces_the_file()
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { AllowsEdits = true });
        server.AddModel("m");

        (HttpStatusCode code, JsonElement shown) = await PutAsync(server, "FROM=\"m.rkllm\"\nTEMPERATURE=0.5\n");

        code.Should().Be(HttpStatusCode.OK);
        shown.GetProperty("text").GetString().Should().Contain("TEMPERATURE=0.5");
        (await File.ReadAllTextAsync(Path.Combine(server.Models, "m", "Modelfile"))).Should().Be("FROM=\"m.rkllm\"\nTEMPERATURE=0.5\n");
        Directory.GetFiles(Path.Combine(server.Models, "m")).Select(Path.GetFileName).Should().BeEquivalentTo("Modelfile", "m.rkllm");
    }

    [Theory]
    [InlineData("FROM=\"m.rkllm\"\nTEMPERATURE=hot\n", ":2:")]
    [InlineData("TEMPERATURE=0.5\n", "FROM")]
    public async Task A_text_that_is_not_valid_changes_nothing(string text, string reason)
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { AllowsEdits = true });
        server.AddModel("m");

        (HttpStatusCode code, JsonElement body) = await PutAsync(server, text);

        code.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain(reason);
        (await File.ReadAllTextAsync(Path.Combine(server.Models, "m", "Modelfile"))).Should().Be("FROM=\"m.rkllm\"\n");
    }

    [Theory]
    [InlineData("FROM=nix", "must name an .rkllm file")]
    [InlineData("FROM=nix.rkllm", "does not exist")]
    [InlineData("FROM=../other/broken.rkllm", "has only 3 bytes")]
    [InlineData("FROM=/etc/passwd", "in the models directory")]
    [InlineData("FROM=/etc/absent", "in the models directory")]
    [InlineData("FROM=../../absent.rkllm", "in the models directory")]
    [InlineData("FROM=sub/../../../absent.rkllm", "in the models directory")]
    [InlineData("FROM=../.rkllama-0123456789abcdef.new/m.rkllm", "in the models directory")]
    [InlineData("FROM=.", "rkllm")]
    [InlineData("FROM=m.rkllm\nTOKENIZER=/etc", "TOKENIZER")]
    public async Task A_client_may_name_only_models_in_the_models_directory(string text, string reason)
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { AllowsEdits = true });
        server.AddModel("m");
        server.AddModel("other");
        await File.WriteAllBytesAsync(Path.Combine(server.Models, "other", "broken.rkllm"), [1, 2, 3]);

        (HttpStatusCode code, JsonElement body) = await PutAsync(server, text);

        code.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain(reason);
        (await File.ReadAllTextAsync(Path.Combine(server.Models, "m", "Modelfile"))).Should().Be("FROM=\"m.rkllm\"\n");
        (await server.GetJsonAsync("/models")).Body.GetProperty("models").EnumerateArray().Select(static name => name.GetString()).Should().Contain("m");
    }

    [Fact]
    public async Task The_file_of_another_model_may_be_named()
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { AllowsEdits = true });
        server.AddModel("m");
        server.AddModel("other");

        (await PutAsync(server, "FROM=../other/m.rkllm\n")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_path_that_the_operator_has_written_stays_allowed()
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { AllowsEdits = true });
        using TempDirectory elsewhere = new();
        await File.WriteAllBytesAsync(Path.Join(elsewhere.Path, "big.rkllm"), [.. Enumerable.Repeat((byte)7, 4096)]);
        string from = $"FROM={elsewhere.Path}/big.rkllm\nTOKENIZER={elsewhere.Path}\n";
        server.AddModel("m", from);

        (await PutAsync(server, from + "TEMPERATURE=0.5\n")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_broken_model_is_listed_with_its_problem_and_can_be_repaired()
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { AllowsEdits = true });
        server.AddModel("m", "FROM=nix.rkllm\n");
        server.AddModel("ranker", "FROM=m.rkllm\nRERANK=true\n");
        server.AddModel("unreadable", "FROM=\"m.rkllm\"\nTEMPERATURE=hot\n");

        JsonElement[] before = await ListAsync(server);
        string shown = (await server.GetJsonAsync("/node/models/m/modelfile")).Body.GetProperty("text").GetString()!;
        HttpStatusCode code = (await PutAsync(server, "FROM=m.rkllm\n")).Status;
        JsonElement[] after = await ListAsync(server);

        before.Select(static model => model.GetProperty("name").GetString()).Should().Equal("m", "ranker", "unreadable");
        before[0].GetProperty("problem").GetString().Should().Contain("nix.rkllm").And.Contain("does not exist");
        before[1].GetRawText().Should().Be("""{"name":"ranker","role":"rerank","size_bytes":4096,"problem":null}""");
        before[2].GetProperty("problem").GetString().Should().Contain("TEMPERATURE");
        (shown, code).Should().Be(("FROM=nix.rkllm\n", HttpStatusCode.OK));
        after[0].GetRawText().Should().Be("""{"name":"m","role":"completion","size_bytes":4096,"problem":null}""");
    }

    private static async Task<JsonElement[]> ListAsync(TestServer server) => [.. (await server.GetJsonAsync("/node/models")).Body.GetProperty("models").EnumerateArray()];

    [Theory]
    [InlineData(false, false, "edit_not_allowed")]
    [InlineData(true, true, "read_only")]
    public async Task A_change_needs_the_setting(bool allowsEdits, bool isReadOnly, string expected)
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { AllowsEdits = allowsEdits, IsReadOnly = isReadOnly });
        server.AddModel("m");

        (HttpStatusCode code, JsonElement body) = await PutAsync(server, "FROM=\"m.rkllm\"\n");

        (code, body.GetProperty("code").GetString()).Should().Be((HttpStatusCode.Forbidden, expected));
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> PutAsync(TestServer server, string text)
    {
        using HttpResponseMessage response = await server.Client.PutAsync(
            new Uri("/node/models/m/modelfile", UriKind.Relative), new StringContent($$"""{"text":"{{JsonEncodedText.Encode(text)}}"}"""));
        return (response.StatusCode, await TestServer.JsonAsync(response));
    }
}
