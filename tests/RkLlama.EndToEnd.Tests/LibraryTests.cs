using System.Net;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Search, identification and refusal of the vendor library. The server runs in all cases.</summary>
public sealed class LibraryTests
{
    [Fact]
    public async Task A_missing_library_is_a_warning_at_start_and_the_text_of_the_load_error()
    {
        await using Node node = await Node.StartAsync(null);
        node.AddModel("m");

        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/load_model", """{"model_name":"m"}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain("librkllmrt.so was not found").And.Contain("/usr/lib");
        await node.LogsAsync("WRN WorkerEngine: No model can be loaded yet.");
    }

    [Fact]
    public async Task A_library_that_is_moved_away_and_back_is_found_again()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("rkllama-library-");
        string library = Path.Combine(directory.FullName, "librkllmrt.so"), away = library + ".away";
        File.Copy(TestPaths.Simulator("1.3.0"), library);
        await using Node node = await Node.StartAsync("1.3.0", null, ("RKLLAMA_LIBRARY", library));
        await node.LoadAsync();
        await node.PostJsonAsync("/unload_model", "");

        File.Move(library, away);
        (HttpStatusCode missing, JsonElement error) = await node.PostJsonAsync("/load_model", """{"model_name":"demo"}""");
        File.Move(away, library);
        (HttpStatusCode back, _) = await node.PostJsonAsync("/load_model", """{"model_name":"demo"}""");

        missing.Should().Be(HttpStatusCode.BadRequest);
        error.GetProperty("error").GetString().Should().Contain(library);
        back.Should().Be(HttpStatusCode.OK);
        (await node.AskAsync("!echo ok")).Should().Be("ok");
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_missing_dependency_names_what_to_install()
    {
        await using Node node = await Node.StartAsync("1.2.3-missing-dep");
        node.AddModel("m");

        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/load_model", """{"model_name":"m"}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain("libgomp").And.Contain("apt-get install");
        await node.LogsAsync("WRN WorkerEngine: No model can be loaded yet.");
    }

    [Fact]
    public async Task Version_1_0_is_named_and_refused()
    {
        await using Node node = await Node.StartAsync("1.0.1");
        node.AddModel("m");

        (_, JsonElement body) = await node.PostJsonAsync("/load_model", """{"model_name":"m"}""");

        body.GetProperty("error").GetString().Should().Contain("1.0.x");
    }

    [Theory]
    [InlineData("1.1.4-marker", "1.1.4")]
    [InlineData("1.2.3-nomarker", "1.2.1 to 1.2.3")]
    [InlineData("1.3.0-nomarker", "1.3.0")]
    [InlineData("9.9.9", "9.9.9")]
    public async Task A_library_is_identified_by_its_contents(string build, string description)
    {
        await using Node node = await Node.StartAsync(build);

        await node.LogsAsync($"RKLLM runtime {description} at");
        await node.LoadAsync();

        (await node.AskAsync("!echo ok")).Should().Be("ok");
    }

    [Fact]
    public async Task A_library_without_evidence_is_refused_and_the_override_is_named_and_works()
    {
        await using Node refused = await Node.StartAsync("1.3.0-nomarker", null, ("RKLLM_SIMULATOR_DEFAULTS", "odd"));
        refused.AddModel("m");
        (HttpStatusCode status, JsonElement body) = await refused.PostJsonAsync("/load_model", """{"model_name":"m"}""");

        await using Node told = await Node.StartAsync("1.3.0-nomarker", null, ("RKLLM_SIMULATOR_DEFAULTS", "odd"), ("RKLLAMA_RUNTIME_VERSION", "1.3.0"));
        await told.LoadAsync();

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain("RKLLAMA_RUNTIME_VERSION");
        (await told.AskAsync("!echo ok")).Should().Be("ok");
    }

    [Fact]
    public async Task The_version_that_the_library_reports_after_the_load_is_compared()
    {
        await using Node node = await Node.StartAsync("1.2.3", null, ("RKLLM_SIMULATOR_VERSION", "1.3.0"));
        node.AddModel("m");

        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/load_model", """{"model_name":"m"}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain("RKLLAMA_RUNTIME_VERSION=1.3.0");
    }
}
