using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Http;

/// <summary>A client disconnects after the first run of its answer has ended and before the second one starts.</summary>
public sealed class DisconnectTests : IDisposable
{
    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task A_client_that_disconnects_as_the_first_run_ends_leaves_no_second_run_active()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        GenerationService generation = server.Services.GetRequiredService<GenerationService>();
        using CancellationTokenSource leave = new();
        GenerationRequest request = new(new Conversation([new("user", "Hi")]), SamplingParameters.Default, null)
        {
            Trace = new("test"),
            Output = new() { ThinkingBudget = 1 },
        };
        using GenerationStream answer = await generation.StartAsync(request, leave.Token);
        await using IAsyncEnumerator<GenerationEvent> events = answer.ReadAsync(leave.Token).GetAsyncEnumerator(CancellationToken.None);
        Task<bool> next = events.MoveNextAsync().AsTask();
        FakeRun first = await _held.NextAsync();
        await first.SendAsync("<think>hm ");
        (await next).Should().BeTrue();
        Task<bool> closing = events.MoveNextAsync().AsTask();
        await first.Aborted.WaitAsync(Patience);

        // The callback that is registered last runs first: the run ends before the answer is notified of the disconnect.
        using CancellationTokenRegistration end = leave.Token.Register(() => first.End(RunEndReason.Cancelled));
        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => closing);
        await EventuallyAsync(() => server.IsIdle || _held.Count == 2);
        if (_held.Count == 2)
        {
            FakeRun second = await _held.NextAsync();
            await second.Aborted.WaitAsync(Patience);
            second.End(RunEndReason.Cancelled);
        }

        await EventuallyAsync(() => server.IsIdle);
    }
}
