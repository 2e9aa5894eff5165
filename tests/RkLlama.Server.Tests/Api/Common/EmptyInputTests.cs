using System.Net;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Common;

/// <summary>Inputs of which no token is left never reach the runtime, which would abort the worker.</summary>
public sealed class EmptyInputTests
{
    private const string PassThrough = "TEMPLATE=\"{{ messages[0].content }}\"\n";

    [Theory]
    [InlineData("\"\"", true)]
    [InlineData("\"\"", false)]
    [InlineData("\" \\n\"", true)]
    [InlineData("[]", true)]
    [InlineData("[]", false)]
    public async Task Ollama_embed_answers_an_input_without_tokens_with_no_vector(string input, bool hasTokenizer)
    {
        await using PromptServer server = await StartAsync(hasTokenizer);

        (HttpStatusCode status, string body, _) = await server.PostAsync("/api/embed", $$"""{"model":"m","input":{{input}}}""");

        status.Should().Be(HttpStatusCode.OK);
        PromptServer.Json(body).GetProperty("embeddings").GetArrayLength().Should().Be(0);
        server.Prompts.Should().BeEmpty();
    }

    [Fact]
    public async Task Ollama_embed_with_an_empty_array_only_loads_the_model()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        (HttpStatusCode status, _) = await server.PostJsonAsync("/api/embed", """{"model":"m","input":[],"keep_alive":-1}""");

        status.Should().Be(HttpStatusCode.OK);
        JsonElement loaded = (await server.GetJsonAsync("/api/ps")).Body.GetProperty("models")[0];
        (loaded.GetProperty("state").GetString(), loaded.GetProperty("expires_at").GetString()![..4]).Should().Be(("loaded", "2318"));
    }

    [Theory]
    [InlineData("/api/embed", """["ab", ""]""", "error")]
    [InlineData("/api/embed", """["", "ab"]""", "error")]
    [InlineData("/api/embed", """["ab", " \t"]""", "error")]
    [InlineData("/v1/embeddings", "\"\"", "input")]
    [InlineData("/v1/embeddings", "\"  \"", "input")]
    [InlineData("/v1/embeddings", """["ab", ""]""", "input")]
    [InlineData("/v1/embeddings", """["ab", "\n\n"]""", "input")]
    [InlineData("/v1/embeddings", "[[0], []]", "input")]
    [InlineData("/v1/embeddings", "[]", "input")]
    public async Task An_input_without_tokens_is_refused_before_the_first_run(string path, string input, string hint)
    {
        await using PromptServer server = await StartAsync(hasTokenizer: true);

        (HttpStatusCode status, string body, _) = await server.PostAsync(path, $$"""{"model":"m","input":{{input}}}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.Should().Contain(hint).And.Contain("empty");
        server.Prompts.Should().BeEmpty();
    }

    [Fact]
    public async Task The_older_Ollama_endpoint_answers_an_input_without_tokens_with_an_empty_vector()
    {
        await using PromptServer server = await StartAsync(hasTokenizer: true);

        (HttpStatusCode status, string body, _) = await server.PostAsync("/api/embeddings", """{"model":"m","prompt":" \n "}""");

        (status, PromptServer.Json(body).GetProperty("embedding").GetArrayLength()).Should().Be((HttpStatusCode.OK, 0));
        server.Prompts.Should().BeEmpty();
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":""}]}""")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"\n"}],"stream":true}""")]
    [InlineData("/api/chat", """{"model":"m","messages":[{"role":"user","content":""}]}""")]
    [InlineData("/v1/responses", """{"model":"m","input":""}""")]
    [InlineData("/v1/completions", """{"model":"m","prompt":"  "}""")]
    [InlineData("/v1/completions", """{"model":"m","prompt":["ab",""]}""")]
    [InlineData("/api/generate", """{"model":"m","prompt":" ","raw":true}""")]
    public async Task A_prompt_of_which_no_token_is_left_is_refused(string path, string request)
    {
        await using PromptServer server = await StartAsync(hasTokenizer: true, template: PassThrough);
        await using PromptServer textMode = await StartAsync(hasTokenizer: false, template: PassThrough);

        (HttpStatusCode status, string body, _) = await server.PostAsync(path, request);
        (HttpStatusCode textStatus, _, _) = await textMode.PostAsync(path, request);

        (status, textStatus).Should().Be((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), "{0}", body);
        (server.Prompts.Count, textMode.Prompts.Count).Should().Be((0, 0));
    }

    [Fact]
    public async Task Refused_inputs_leave_the_model_loaded()
    {
        await using PromptServer server = await StartAsync(hasTokenizer: true);
        for (int i = 0; i < 6; i++)
            await server.PostAsync("/api/embed", """{"model":"m","input":["ab",""]}""");

        (HttpStatusCode status, string body, _) = await server.PostAsync("/api/embed", """{"model":"m","input":"ab"}""");

        (status, PromptServer.Json(body).GetProperty("embeddings")[0].GetArrayLength()).Should().Be((HttpStatusCode.OK, 1));
        server.Server.Engine.Sessions.Should().ContainSingle();
    }

    private static async Task<PromptServer> StartAsync(bool hasTokenizer, string template = "")
    {
        PromptServer server = await PromptServer.StartAsync(tokenizer: hasTokenizer ? PromptServer.StrippingTokenizer : null, tokens: "x");
        if (template.Length > 0)
            server.Server.AddModel("m", "FROM=\"m.rkllm\"\n" + template);
        return server;
    }
}
