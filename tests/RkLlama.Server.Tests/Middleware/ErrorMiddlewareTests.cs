using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Api.Ollama;
using RkLlama.Server.Api.OpenAi;
using RkLlama.Server.Api.RkLlama;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;
using RkLlama.Server.Middleware;

namespace RkLlama.Server.Tests.Middleware;

public sealed class ErrorMiddlewareTests : IDisposable
{
    private static readonly ApiRegistry Apis = new([new RkLlamaApi(), new OpenAiApi(), new OllamaApi()]);

    private readonly DefaultHttpContext _context = new();
    private readonly MemoryStream _body = new();

    public ErrorMiddlewareTests()
    {
        _context.Request.Method = "POST";
        _context.Request.Path = "/generate";
        _context.Response.Body = _body;
        _context.Features.Set(new RequestTrace("test"));
    }

    public void Dispose() => _body.Dispose();

    [Fact]
    public async Task A_response_without_an_error_is_left_alone()
    {
        await InvokeAsync(context => context.Response.WriteAsync("fine"));

        (_context.Response.StatusCode, Text).Should().Be((200, "fine"));
    }

    [Fact]
    public async Task An_exception_becomes_its_status_and_the_headers_of_the_handler_go()
    {
        await InvokeAsync(context =>
        {
            context.Response.Headers["X-Half"] = "done";
            throw new QueueFullException("The server is busy.", 9);
        });

        _context.Response.StatusCode.Should().Be(503);
        _context.Response.Headers.RetryAfter.ToString().Should().Be("9");
        _context.Response.Headers.Should().NotContainKey("X-Half");
        _context.Response.ContentLength.Should().Be(_body.Length);
        JsonDocument.Parse(Text).RootElement.GetProperty("error").GetString().Should().Be("The server is busy.");
    }

    [Theory]
    [InlineData("/v1/none", JsonValueKind.Object)]
    [InlineData("/api/none", JsonValueKind.String)]
    [InlineData("/none", JsonValueKind.String)]
    public async Task A_path_without_an_endpoint_is_404_in_the_form_of_its_api(string path, JsonValueKind kind)
    {
        _context.Request.Path = path;

        await InvokeAsync(context =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        });

        _context.Response.StatusCode.Should().Be(404);
        JsonDocument.Parse(Text).RootElement.GetProperty("error").ValueKind.Should().Be(kind);
        Text.Should().Contain(path);
    }

    [Fact]
    public async Task A_method_that_is_not_allowed_keeps_its_Allow_header()
    {
        await InvokeAsync(context =>
        {
            context.Response.StatusCode = 405;
            context.Response.Headers.Allow = "GET";
            return Task.CompletedTask;
        });

        (_context.Response.StatusCode, _context.Response.Headers.Allow.ToString()).Should().Be((405, "GET"));
        Text.Should().Contain("POST is not allowed on /generate; use GET.");
    }

    [Fact]
    public async Task A_missing_key_has_a_WWW_Authenticate_header()
    {
        await InvokeAsync(_ => throw new ApiException(401, new("no key")));

        (_context.Response.StatusCode, _context.Response.Headers.WWWAuthenticate.ToString()).Should().Be((401, "Bearer"));
    }

    [Fact]
    public async Task A_response_that_closes_the_connection_has_a_Connection_header()
    {
        await InvokeAsync(_ => throw new ApiException(408, new("late")) { ClosesConnection = true });

        _context.Response.Headers.Connection.ToString().Should().Be("close");
    }

    [Fact]
    public async Task A_client_that_has_disconnected_gets_no_body()
    {
        using CancellationTokenSource aborted = new();
        _context.RequestAborted = aborted.Token;
        await aborted.CancelAsync();

        await InvokeAsync(_ => throw new OperationCanceledException());

        (_context.Response.StatusCode, Text).Should().Be((499, ""));
    }

    [Fact]
    public async Task A_cancellation_by_the_server_is_a_fault()
    {
        await InvokeAsync(_ => throw new OperationCanceledException());

        _context.Response.StatusCode.Should().Be(500);
    }

    [Fact]
    public async Task A_stream_that_was_cut_is_passed_on()
    {
        Func<Task> invoke = () => InvokeAsync(_ => throw new ResponseAbortedException(new IOException()));

        await invoke.Should().ThrowAsync<ResponseAbortedException>();

        Text.Should().BeEmpty();
    }

    private string Text => Encoding.UTF8.GetString(_body.ToArray());

    private Task InvokeAsync(RequestDelegate next) => new ErrorMiddleware(next, Apis, new(NullLogger<ExceptionMapper>.Instance)).InvokeAsync(_context);
}
