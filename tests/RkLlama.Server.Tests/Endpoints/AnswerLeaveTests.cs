using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Endpoints;

/// <summary>Leaving an answer at the moment at which one run has ended and the next one of the same turn has not begun.</summary>
public sealed class AnswerLeaveTests : IDisposable
{
    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task Who_leaves_as_the_first_run_ends_has_no_second_one_that_goes_on()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Generator generator = server.Services.GetRequiredService<Generator>();
        Answer answer = await generator.PrepareAsync(new(new Conversation([new("user", "Hi")]), SamplingParameters.Default, null), CancellationToken.None);
        using CancellationTokenSource leave = new();
        await using IAsyncEnumerator<AnswerPart> parts = answer.ReadAsync(leave.Token).GetAsyncEnumerator(CancellationToken.None);
        Task<bool> thought = parts.MoveNextAsync().AsTask();
        FakeRun first = await _held.NextAsync();
        await first.SendAsync("hm");
        (await thought).Should().BeTrue();
        answer.GoOnBehind("</think>");
        Task<bool> closing = parts.MoveNextAsync().AsTask();
        await first.Aborted.WaitAsync(Patience);

        // Called before those of the answer, which waits for this end.
        using CancellationTokenRegistration end = leave.Token.Register(() => first.End(FinishReason.Cancelled));
        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => closing);
        await EventuallyAsync(() => server.IsIdle || _held.Count == 2);
        if (_held.Count == 2)
        {
            FakeRun second = await _held.NextAsync();
            await second.Aborted.WaitAsync(Patience);
            second.End(FinishReason.Cancelled);
        }

        await EventuallyAsync(() => server.IsIdle);
    }
}
