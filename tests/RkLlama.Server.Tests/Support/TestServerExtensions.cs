using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Support;

internal static class TestServerExtensions
{
    /// <summary>Sends another request, drives its run, and checks that the answer is complete.</summary>
    public static async Task NextAnswerIsWholeAsync(this HeldRuns runs, TestServer server)
    {
        Task<(HttpStatusCode Status, JsonElement Body)> next = server.PostJsonAsync("/generate", Hello);
        FakeRun run = await runs.NextAsync();
        await run.SendAsync("mine");
        run.End(RunEndReason.Stop);
        Content((await next).Body).Should().Be("mine");
    }

    public static async Task<MetricsPage> MetricsAsync(this TestServer server) => new(await server.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative)));
}
