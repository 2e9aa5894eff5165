using System.Net;
using System.Text;
using System.Text.Json;
using RkLlama.Cluster.Tests.Support;

namespace RkLlama.Cluster.Tests;

/// <summary>The rules of the balancers: which requests they pass on, which they retry, and what they answer if no node is available.</summary>
public sealed class ProxyRestrictionTests
{
    [Theory]
    [InlineData(Balancer.HAProxy)]
    [InlineData(Balancer.Nginx)]
    public async Task Operations_of_a_single_node_are_refused_and_others_need_no_free_node(string balancer)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, speed: 0);
        using HttpClient client = cluster.Balancer.NewClient();
        using CancellationTokenSource end = new();
        Task[] running = [.. cluster.Nodes.Select(_ => Exchange.AskAsync(client, "!sleep 20 2000", stream: true, cancellationToken: end.Token))];
        await cluster.LoadIsAsync(running: FourNodes.Size, waiting: 0);

        foreach (string path in (string[])["/load_model", "/Unload_Model/", "/%6coad_model", "/api/delete", "/rm", "/metrics"])
        {
            using HttpResponseMessage refused = await client.PostAsync(new Uri(path, UriKind.Relative), new StringContent("""{"model_name":"demo"}"""));
            refused.StatusCode.Should().Be(HttpStatusCode.Forbidden, path);
            JsonDocument.Parse(await refused.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetString().Should().Contain("each node");
        }

        using HttpResponseMessage kept = await client.DeleteAsync(new Uri("/v1/models/demo", UriKind.Relative));
        kept.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await client.GetStringAsync(new Uri("/models", UriKind.Relative))).Should().Contain("demo");
        using HttpResponseMessage shown = await client.PostAsync(new Uri("/api/show", UriKind.Relative), new StringContent("""{"model":"demo"}"""));
        shown.StatusCode.Should().Be(HttpStatusCode.OK);
        await end.CancelAsync();
        await FluentActions.Awaiting(() => Task.WhenAll(running)).Should().ThrowAsync<OperationCanceledException>();
    }

    /// <summary>HAProxy retries requests that fit into its buffer (256 KiB). nginx retries all requests that it accepts.</summary>
    [Theory]
    [InlineData(Balancer.HAProxy, 250 << 10, true)]
    [InlineData(Balancer.HAProxy, 1 << 20, false)]
    [InlineData(Balancer.Nginx, 7 << 20, true)]
    public async Task A_large_request_passes_and_is_retried_if_the_balancer_has_buffered_it(string balancer, int bytes, bool isRepeated)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, speed: 0);
        using HttpClient client = cluster.Balancer.NewClient();
        string body = $$"""{"padding":"{{new string('x', bytes)}}","messages":[{"role":"user","content":"!sleep 50 40"}]}""";

        HttpStatusCode? untroubled = await PostAsync(client, body);
        Task<HttpStatusCode?> troubled = PostAsync(client, body);
        (await cluster.BusyNodeAsync()).Server.Signal("KILL");

        untroubled.Should().Be(HttpStatusCode.OK);
        (await troubled == HttpStatusCode.OK).Should().Be(isRepeated);
    }

    [Theory]
    [InlineData(Balancer.HAProxy)]
    [InlineData(Balancer.Nginx)]
    public async Task Without_a_node_the_answer_is_an_error_with_retry_after(string balancer)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, speed: 0);
        using HttpClient client = cluster.Balancer.NewClient();
        foreach (ClusterNode node in cluster.Nodes)
        {
            node.Server.Signal("KILL");
            await node.Server.WaitForExitAsync();
        }

        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await client.PostAsync(new Uri("/generate", UriKind.Relative), new StringContent("{}"));
            response.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
            response.Headers.RetryAfter!.Delta.Should().BePositive();
            JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetString().Should().NotBeNullOrEmpty();
        }
    }

    /// <returns>
    /// <see langword="null"/> if the connection was closed. HAProxy closes it if the request is not the first one on the connection.
    /// </returns>
    private static async Task<HttpStatusCode?> PostAsync(HttpClient client, string body)
    {
        try
        {
            using HttpResponseMessage response = await client.PostAsync(new Uri("/generate", UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"));
            return response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
