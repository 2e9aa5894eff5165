using System.Text;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Tests.Http;

public sealed class RequestBodyBudgetTests : IDisposable
{
    private const int LargeBody = 10 << 20;

    private readonly NodeMetrics _metrics = new();
    private readonly RequestBodyBudget _budget;

    public RequestBodyBudgetTests() => _budget = new(new NodeOptions { ModelsDirectory = "/", MaxRequestBytes = LargeBody }, _metrics);

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public void The_bodies_of_all_requests_share_one_limit()
    {
        for (int i = 0; i < RequestBodyBudget.MaxFullSizeBodies; i++)
            _budget.TryTake(LargeBody).Should().BeTrue();

        _budget.TryTake(1).Should().BeFalse();

        new MetricsPage(Encoding.UTF8.GetString(_metrics.Store.Scrape()))["rkllama_rejections_total{cause=\"memory\"}"].Should().Be(1);
    }

    [Fact]
    public void With_a_small_maximum_size_the_limit_is_16_MiB()
    {
        RequestBodyBudget budget = new(new NodeOptions { ModelsDirectory = "/", MaxRequestBytes = 1 << 20 }, _metrics);

        budget.TryTake(16 << 20).Should().BeTrue();
        budget.TryTake(1).Should().BeFalse();
    }

    [Fact]
    public void Returned_bytes_can_be_taken_again()
    {
        _budget.TryTake(2 * LargeBody).Should().BeTrue();
        _budget.TryTake(100).Should().BeFalse("a refusal takes nothing");

        _budget.Return(100);

        _budget.TryTake(100).Should().BeTrue();
        _budget.TryTake(1).Should().BeFalse();
    }
}
