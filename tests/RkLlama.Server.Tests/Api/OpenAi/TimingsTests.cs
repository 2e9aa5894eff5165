using System.Net;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.OpenAi;

/// <summary>The <c>timings</c> of the OpenAI API, with the names that clients of llama.cpp read.</summary>
public sealed class TimingsTests
{
    private static readonly string[] Names =
    [
        "queue_ms", "load_ms", "cache_n", "prompt_n", "prompt_ms", "prompt_per_token_ms", "prompt_per_second",
        "predicted_n", "predicted_ms", "predicted_per_token_ms", "predicted_per_second",
    ];

    [Theory]
    [InlineData("v1 chat")]
    [InlineData("v1 text")]
    public async Task An_answer_in_one_piece_has_timings(string api)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();
        ApiForm form = ApiForm.Of(api);

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync(form.Path, form.Body(stream: false));

        status.Should().Be(HttpStatusCode.OK);
        JsonElement timings = body.GetProperty("timings");
        timings.EnumerateObject().Select(static field => field.Name).Should().Equal(Names);
        timings.EnumerateObject().Should().OnlyContain(static field => field.Value.GetDouble() >= 0);
        timings.GetProperty("predicted_n").GetInt32().Should().Be(3);
        (timings.GetProperty("prompt_n").GetInt32() + timings.GetProperty("cache_n").GetInt32()).Should().Be(body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Theory]
    [InlineData("v1 chat")]
    [InlineData("v1 text")]
    public async Task A_stream_has_timings_once_with_its_finish_reason(string api)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();
        ApiForm form = ApiForm.Of(api);

        using HttpResponseMessage response = await server.PostAsync(form.Path, form.Body(stream: true));

        JsonElement[] events =
        [
            .. (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
                .Where(static text => text.StartsWith("data: {", StringComparison.Ordinal))
                .Select(static text => JsonDocument.Parse(text["data: ".Length..]).RootElement),
        ];
        events.Should().HaveCountGreaterThan(3);
        JsonElement last = events.Single(static one => one.TryGetProperty("timings", out _));
        last.GetProperty("choices")[0].GetProperty("finish_reason").GetString().Should().Be("stop");
        last.GetProperty("timings").EnumerateObject().Select(static field => field.Name).Should().Equal(Names);
    }

    [Theory]
    [InlineData("generate")]
    [InlineData("api chat")]
    [InlineData("api generate")]
    public async Task Other_APIs_have_no_timings_field(string api)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();
        ApiForm form = ApiForm.Of(api);

        (_, JsonElement body) = await server.PostJsonAsync(form.Path, form.Body(stream: false));

        body.TryGetProperty("timings", out _).Should().BeFalse();
    }
}
