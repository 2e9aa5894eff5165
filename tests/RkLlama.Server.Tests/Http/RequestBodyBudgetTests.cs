using System.Net;
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
            _budget.TryTake(Client(i), LargeBody).Should().BeTrue();

        _budget.TryTake(Client(2), 1).Should().BeFalse();

        new MetricsPage(Encoding.UTF8.GetString(_metrics.Store.Scrape()))["rkllama_rejections_total{cause=\"memory\"}"].Should().Be(1);
    }

    [Fact]
    public void With_a_small_maximum_size_the_limit_is_16_MiB()
    {
        RequestBodyBudget budget = new(new NodeOptions { ModelsDirectory = "/", MaxRequestBytes = 1 << 20 }, _metrics);

        budget.TryTake(Client(0), 8 << 20).Should().BeTrue();
        budget.TryTake(Client(1), 8 << 20).Should().BeTrue();
        budget.TryTake(Client(2), 1).Should().BeFalse();
    }

    [Fact]
    public void Returned_bytes_can_be_taken_again()
    {
        _budget.TryTake(Client(0), LargeBody).Should().BeTrue();
        _budget.TryTake(Client(1), LargeBody).Should().BeTrue();
        _budget.TryTake(Client(2), 100).Should().BeFalse("a refusal takes nothing");

        _budget.Return(Client(1), 100);

        _budget.TryTake(Client(2), 100).Should().BeTrue();
        _budget.TryTake(Client(2), 1).Should().BeFalse();
    }

    [Fact]
    public void One_client_gets_half_of_the_limit()
    {
        _budget.TryTake(Client(0), LargeBody).Should().BeTrue();
        _budget.TryTake(Client(0), 1).Should().BeFalse();
        _budget.TryTake(Client(1), LargeBody).Should().BeTrue();

        _budget.Return(Client(0), LargeBody);

        _budget.TryTake(Client(0), LargeBody).Should().BeTrue();
    }

    [Fact]
    public async Task If_a_body_is_refused_the_ones_that_hold_memory_and_are_being_read_get_less_time()
    {
        using CancellationTokenSource holding = new(), empty = new(), done = new();
        BodyReservation first = new(_budget, Client(0)), second = new(_budget, Client(1)), third = new(_budget, Client(1));
        first.ReadStarted(holding);
        second.ReadStarted(empty);
        third.ReadStarted(done);
        first.TryTake(LargeBody).Should().BeTrue();
        third.TryTake(100).Should().BeTrue();
        third.ReadEnded();

        second.TryTake(LargeBody).Should().BeFalse();

        await Task.Delay(Timeout.Infinite, holding.Token).Awaiting(static task => task.WaitAsync(TimeSpan.FromSeconds(60))).Should().ThrowAsync<TaskCanceledException>();
        (empty.IsCancellationRequested, done.IsCancellationRequested).Should().Be((false, false));
        second.ReadEnded();
        first.ReadEnded();
    }

    [Fact]
    public void A_reservation_keeps_what_is_asked_for()
    {
        BodyReservation body = new(_budget, Client(0));
        body.TryTake(LargeBody).Should().BeTrue();

        body.Keep(LargeBody + 1);
        _budget.TryTake(Client(0), 1).Should().BeFalse();
        body.Keep(LargeBody - 1);
        _budget.TryTake(Client(0), 1).Should().BeTrue();
        body.Keep(0);
        body.Keep(0);

        _budget.TryTake(Client(0), LargeBody - 1).Should().BeTrue();
        _budget.TryTake(Client(0), 1).Should().BeFalse();
    }

    private static IPAddress Client(int number) => new([10, 0, 0, (byte)number]);
}
