using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Http;
using RkLlama.Server.Middleware;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Middleware;

public sealed class DrainMiddlewareTests : IDisposable
{
    private readonly SettableTime _time = new();
    private readonly NodeMetrics _metrics = new();
    private readonly Lifetime _lifetime = new();
    private readonly RunQueue _queue;
    private readonly DefaultHttpContext _context = new();
    private bool _isPassed;

    public DrainMiddlewareTests() => _queue = new(
        4, TimeSpan.FromMinutes(5), TimeSpan.Zero, new(new FakeCaches(), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30), _time), _time);

    public void Dispose()
    {
        _metrics.Dispose();
        _lifetime.Dispose();
    }

    [Fact]
    public async Task An_open_queue_lets_requests_pass()
    {
        await InvokeAsync();

        _isPassed.Should().BeTrue();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_closed_queue_refuses_requests_after_one_second_whatever_the_system_time_is(int hours)
    {
        _queue.Close();

        Task request = InvokeAsync();
        _time.Shift = TimeSpan.FromHours(hours);
        _time.Advance(TimeSpan.FromSeconds(0.9));
        request.IsCompleted.Should().BeFalse();
        _time.Advance(TimeSpan.FromSeconds(0.1));

        await request.WaitAsync(Patience).Invoking(task => task).Should().ThrowAsync<DrainingException>();
        _isPassed.Should().BeFalse();
        new MetricsPage(Encoding.UTF8.GetString(_metrics.Store.Scrape()))["rkllama_rejections_total{cause=\"draining\"}"].Should().Be(1);
    }

    [Fact]
    public async Task The_end_of_the_server_ends_the_pause()
    {
        _queue.Close();
        Task request = InvokeAsync();

        _lifetime.StopApplication();

        await request.WaitAsync(Patience).Invoking(task => task).Should().ThrowAsync<DrainingException>();
    }

    [Fact]
    public async Task Health_checks_pass_while_the_server_drains()
    {
        _queue.Close();
        _context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(EndpointAccess.Probe), "test"));

        await InvokeAsync();

        _isPassed.Should().BeTrue();
    }

    private Task InvokeAsync() => new DrainMiddleware(
        _ =>
        {
            _isPassed = true;
            return Task.CompletedTask;
        },
        _queue,
        _lifetime,
        _metrics,
        _time).InvokeAsync(_context);

    private sealed class Lifetime : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => default;

        public CancellationToken ApplicationStopping => _stopping.Token;

        public CancellationToken ApplicationStopped => default;

        public void StopApplication() => _stopping.Cancel();

        public void Dispose() => _stopping.Dispose();
    }
}
