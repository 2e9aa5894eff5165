using System.Text;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api;

/// <summary>Whether the runs of different clients use the same KV cache: <c>--cache-sharing</c>.</summary>
public sealed class CacheSharingTests : IDisposable
{
    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Theory]
    [InlineData(true, "false false false false")]
    [InlineData(false, "true false true true")]
    public async Task A_run_of_another_key_starts_with_an_empty_cache_if_clients_do_not_share_it(bool isShared, string cleared)
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine, options => options with { SharesKvCaches = isShared });
        await server.LoadAsync();
        List<bool> seen = [];

        foreach (string key in (string[])["a", "a", "b", "a"])
        {
            using HttpRequestMessage request = new(HttpMethod.Post, new Uri("/v1/chat/completions", UriKind.Relative))
            {
                Content = new StringContent("""{"model":"m","messages":[{"role":"user","content":"Hi"}]}""", Encoding.UTF8, "application/json"),
            };
            request.Headers.Authorization = new("Bearer", key);
            Task<HttpResponseMessage> asked = server.Client.SendAsync(request);
            FakeRun run = await _held.NextAsync();
            seen.Add(run.ClearsCache);
            run.End(RunEndReason.Stop);
            (await asked.WaitAsync(Patience)).Dispose();
            await EventuallyAsync(() => server.IsIdle);
        }

        string.Join(' ', seen).Should().BeEquivalentTo(cleared);
    }
}
