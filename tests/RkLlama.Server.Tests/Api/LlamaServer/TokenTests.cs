using System.Net;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.LlamaServer;

/// <summary>The endpoints that convert texts to tokens and back. They need no loaded model.</summary>
public sealed class TokenTests
{
    // The letters, a control token, and the two bytes of ä.
    private const string Tokenizer = """
        {"added_tokens": [{"id": 2, "content": "<end>", "special": true}],
         "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}, "decoder": {"type": "ByteLevel"},
         "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "Ã": 3, "¤": 4, "<": 5, ">": 6, "e": 7, "n": 8, "d": 9}, "merges": []}}
        """;

    [Theory]
    [InlineData("/tokenize", """{"content":"ab<end>"}""", """{"tokens":[0,1,2],"count":3,"max_model_len":4096}""")]
    [InlineData("/tokenize", """{"content":"a<end>","parse_special":false}""", """{"tokens":[0,5,7,8,9,6],"count":6,"max_model_len":4096}""")]
    [InlineData("/tokenize", """{"content":""}""", """{"tokens":[],"count":0,"max_model_len":4096}""")]
    [InlineData("/tokenize", """{"content":"aä","with_pieces":true}""", """{"tokens":[{"id":0,"piece":"a"},{"id":3,"piece":[195]},{"id":4,"piece":[164]}],"count":3,"max_model_len":4096}""")]
    [InlineData("/v1/tokenize", """{"prompt":"ab","return_token_strs":true}""", """{"tokens":[0,1],"count":2,"max_model_len":4096,"token_strs":["a","b"]}""")]
    [InlineData("/v1/tokenize", """{"messages":[{"role":"user","content":"b"}]}""", """{"tokens":[0,1],"count":2,"max_model_len":4096}""")]
    [InlineData("/detokenize", """{"tokens":[0,3,4,2]}""", """{"content":"aä<end>","prompt":"aä<end>"}""")]
    [InlineData("/v1/detokenize", """{"tokens":[]}""", """{"content":"","prompt":""}""")]
    [InlineData("/apply-template", """{"messages":[{"role":"user","content":"b"}]}""", """{"prompt":"ab"}""")]
    public async Task A_text_becomes_tokens_and_tokens_become_a_text(string path, string body, string expected)
    {
        await using TestServer server = await StartAsync(Tokenizer);

        (HttpStatusCode status, JsonElement reply) = await server.PostJsonAsync(path, "{\"model\":\"m\"," + body[1..]);

        status.Should().Be(HttpStatusCode.OK, "{0}", reply);
        reply.GetRawText().Should().Be(expected);
        server.Engine.Sessions.Should().BeEmpty();
    }

    [Theory]
    [InlineData("/tokenize", """{"model":"m"}""", "content is missing: send the text to tokenize.")]
    [InlineData("/tokenize", """{"content":"a"}""", "model is missing, and no model is loaded: name one of GET /v1/models.")]
    [InlineData("/detokenize", """{"model":"m","tokens":"a"}""", "tokens must be an array of token ids.")]
    [InlineData("/detokenize", """{"model":"m"}""", "tokens must be an array of token ids.")]
    [InlineData("/detokenize", """{"model":"m","tokens":[77]}""", "The token id 77 is not in the model's vocabulary.")]
    public async Task A_wrong_request_is_refused_in_the_form_of_llama_server(string path, string body, string message)
    {
        await using TestServer server = await StartAsync(Tokenizer);

        (HttpStatusCode status, JsonElement reply) = await server.PostJsonAsync(path, body);

        status.Should().Be(HttpStatusCode.BadRequest);
        reply.GetRawText().Should().Be($$$"""{"error":{"code":400,"message":"{{{message}}}","type":"invalid_request_error"}}""");
    }

    [Theory]
    [InlineData("/tokenize", """{"model":"m","content":"a"}""")]
    [InlineData("/detokenize", """{"model":"m","tokens":[0]}""")]
    public async Task A_model_without_a_tokenizer_says_so(string path, string body)
    {
        await using TestServer server = await StartAsync(null);

        (HttpStatusCode status, JsonElement reply) = await server.PostJsonAsync(path, body);

        status.Should().Be(HttpStatusCode.BadRequest);
        reply.GetProperty("error").GetProperty("message").GetString().Should().StartWith("The model has no tokenizer.");
    }

    [Fact]
    public async Task A_text_may_be_longer_than_the_context()
    {
        await using TestServer server = await StartAsync(Tokenizer);

        (HttpStatusCode status, JsonElement reply) = await server.PostJsonAsync("/tokenize", $$"""{"model":"m","content":"{{new string('a', 100_000)}}"}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", reply);
        reply.GetProperty("count").GetInt32().Should().Be(100_000);
    }

    private static async Task<TestServer> StartAsync(string? tokenizer)
    {
        TestServer server = await TestServer.StartAsync();
        server.AddModel("m", "FROM=\"m.rkllm\"\nTEMPLATE=\"a{% for m in messages %}{{ m.content }}{% endfor %}\"\n");
        if (tokenizer is not null)
            await File.WriteAllTextAsync(Path.Combine(server.Models, "m", "tokenizer.json"), tokenizer);
        return server;
    }
}
