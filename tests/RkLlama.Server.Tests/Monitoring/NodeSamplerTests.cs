using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Monitoring;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Monitoring;

/// <summary>The samples for the charts of the page.</summary>
public sealed class NodeSamplerTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task An_idle_node_takes_no_samples()
    {
        await using TestServer server = await TestServer.StartAsync(time: _time);

        _time.Advance(TimeSpan.FromMinutes(10));

        Sampler(server).All.Should().BeEmpty();
    }

    [Fact]
    public async Task Samples_are_taken_while_a_request_has_the_npu_and_end_after_it()
    {
        await using TestServer server = await TestServer.StartAsync(time: _time);
        RunQueue queue = server.Services.GetRequiredService<RunQueue>();

        using (QueueSlot slot = queue.TryEnter("m")!)
            Advance(3);
        Advance(10);

        Sampler(server).All.Select(static sample => sample.Running).Should().Equal(1, 1, 1, 0);
    }

    [Fact]
    public async Task Samples_are_taken_for_a_quarter_of_an_hour_after_a_look_and_kept_as_long()
    {
        await using TestServer server = await TestServer.StartAsync(time: _time);

        Sampler(server).Look();
        Advance(1000);

        Sampler(server).All.Should().BeEmpty("the node was idle for longer than the samples are kept");

        Sampler(server).Look();
        Advance(100);
        Sampler(server).All.Should().HaveCount(101);
    }

    private static NodeSampler Sampler(TestServer server) => server.Services.GetRequiredService<NodeSampler>();

    private void Advance(int samples)
    {
        for (int i = 0; i < samples; i++)
            _time.Advance(NodeSampler.Interval);
    }
}
