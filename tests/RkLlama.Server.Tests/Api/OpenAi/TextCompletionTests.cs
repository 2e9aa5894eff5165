using System.Net;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.OpenAi;

/// <summary>Several prompts, and token ids, in <c>POST /v1/completions</c> and <c>POST /v1/embeddings</c>.</summary>
public sealed class TextCompletionTests
{
    [Fact]
    public async Task Several_prompts_get_one_choice_each()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: ["x", "y"]);

        (HttpStatusCode status, string body, _) = await server.PostAsync("/v1/completions", """{"model":"m","prompt":["one","two","three"],"echo":true}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        JsonElement answer = PromptServer.Json(body);
        answer.GetProperty("choices").EnumerateArray().Select(choice => (choice.GetProperty("index").GetInt32(), choice.GetProperty("text").GetString()))
            .Should().Equal((0, "onexy"), (1, "twoxy"), (2, "threexy"));
        answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32().Should().Be(6);
        server.Prompts.Should().Equal("one", "two", "three");
    }

    [Fact]
    public async Task Several_prompts_are_streamed_one_after_the_other_with_their_index()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: ["x", "y"]);

        (HttpStatusCode status, string body, _) = await server.PostAsync(
            "/v1/completions", """{"model":"m","prompt":["one","two"],"stream":true,"stream_options":{"include_usage":true}}""");

        status.Should().Be(HttpStatusCode.OK);
        string[] data = [.. body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(static line => line["data: ".Length..])];
        data[^1].Should().Be("[DONE]");
        JsonElement[] chunks = [.. data[..^1].Select(PromptServer.Json)];
        chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
            .Select(choice => $"{choice.GetProperty("index")}{choice.GetProperty("text")}{choice.GetProperty("finish_reason")}")
            .Should().Equal("0x", "0y", "0stop", "1x", "1y", "1stop");
        chunks[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32().Should().Be(4);
        chunks.Count(chunk => chunk.GetProperty("usage").ValueKind == JsonValueKind.Object).Should().Be(1);
    }

    [Fact]
    public async Task More_than_128_prompts_are_refused()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode status, string body, _) = await server.PostAsync(
            "/v1/completions", $$"""{"model":"m","prompt":[{{string.Join(',', Enumerable.Repeat("\"a\"", 129))}}]}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.Should().Contain("at most 128");
    }

    [Theory]
    [InlineData("/v1/completions", "prompt", "[0,2,1]", "0 2 1")]
    [InlineData("/v1/completions", "prompt", "[[0],[2,2]]", "0;2 2")]
    [InlineData("/v1/embeddings", "input", "[0,2]", "0 2")]
    [InlineData("/v1/embeddings", "input", "[[1],[2,0]]", "1;2 0")]
    public async Task Token_ids_go_to_the_runtime_as_they_are(string path, string field, string ids, string expected)
    {
        await using PromptServer withTokenizer = await PromptServer.StartAsync(tokenizer: PromptServer.StrippingTokenizer, tokens: "x");
        await using PromptServer without = await PromptServer.StartAsync(tokens: "x");

        foreach (PromptServer server in (PromptServer[])[withTokenizer, without])
        {
            (HttpStatusCode status, string body, _) = await server.PostAsync(path, $$"""{"model":"m","{{field}}":{{ids}}}""");

            status.Should().Be(HttpStatusCode.OK, "{0}", body);
            string.Join(';', server.Tokens.Select(static tokens => string.Join(' ', tokens))).Should().Be(expected);
            PromptServer.Json(body).GetProperty("usage").GetProperty("prompt_tokens").GetInt32().Should().Be(expected.Split(' ', ';').Length);
        }
    }

    [Theory]
    [InlineData("/v1/completions", "prompt", "[0,3]", "3 is not in the model's vocabulary")]
    [InlineData("/v1/embeddings", "input", "[[0],[-1]]", "-1 is not in the model's vocabulary")]
    [InlineData("/v1/embeddings", "input", "[0,\"a\"]", "input must be")]
    [InlineData("/v1/embeddings", "input", "[\"a\",0]", "input must be")]
    [InlineData("/v1/completions", "prompt", "[[0],1]", "prompt must be")]
    [InlineData("/v1/completions", "prompt", "[1.5]", "prompt must be")]
    [InlineData("/v1/completions", "prompt", "[99999999999]", "prompt must be")]
    public async Task Wrong_token_ids_are_refused(string path, string field, string ids, string error)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokenizer: PromptServer.StrippingTokenizer, tokens: "x");

        (HttpStatusCode status, string body, _) = await server.PostAsync(path, $$"""{"model":"m","{{field}}":{{ids}}}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.Should().Contain(error);
        server.Prompts.Should().BeEmpty();
    }
}
