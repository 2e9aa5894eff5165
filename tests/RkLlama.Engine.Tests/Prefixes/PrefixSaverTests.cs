using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Generation.Prefixes;
using RkLlama.Engine.Prefixes;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Prefixes;

/// <summary>When the beginning of prompts is saved.</summary>
public sealed class PrefixSaverTests : IAsyncDisposable
{
    private static readonly string Rules = string.Join(' ', Enumerable.Range(0, 60).Select(static i => $"Rule {i}"));
    private readonly TempDirectory _cache = new();
    private readonly EngineNode _node;
    private readonly PrefixStore _store;
    private readonly PrefixTracker _tracker;
    private readonly PrefixSaver _saver;
    private readonly GenerationService _service;

    public PrefixSaverTests()
    {
        _node = new(options => options with { CacheDirectory = _cache.At("prefixes") });
        _node.Write("m/tokenizer.json", SmallTokenizer.Json);
        _store = new(_node.Options, _node.Metrics, _node.Time, NullLogger<PrefixStore>.Instance);
        _tracker = new(_store);
        _saver = new(_tracker, _store, _node.Host, _node.Queue, _node.Cpu, _node.Options, _node.Time, NullLogger<PrefixSaver>.Instance);
        _service = new(_node.Host, _node.Scheduler, _node.Cpu, _node.Options, _node.Metrics, _node.GenerationLog, _tracker);
    }

    public async ValueTask DisposeAsync()
    {
        await _saver.StopAsync(CancellationToken.None);
        _saver.Dispose();
        await _node.DisposeAsync();
        _cache.Dispose();
    }

    [Fact]
    public async Task The_third_request_makes_the_saver_run_the_prefix_alone_when_the_node_is_idle()
    {
        await _saver.StartAsync(CancellationToken.None);
        await AskAsync("one");
        await AskAsync("two");
        await AskAsync("three");

        FakeRun saving = await SavingRunAsync();
        await saving.SendAsync(7, "");
        saving.End(RunEndReason.Stop, tokens: 0);
        await EventuallyAsync(() => _store.TokensOf("m") is not null);

        _store.TokensOf("m").Should().Equal(saving.Tokens);
        Text(saving.Tokens!).Should().Contain("Rule 59").And.NotContain("three").And.NotContain("one");
        _store.Find(_node.Host.FindResident("m")!.Engine with { PromptIdentity = _node.Host.FindResident("m")!.PromptIdentity }, CancellationToken.None)!
            .Sidecar.Generated.Should().Equal(7);
        await EventuallyAsync(() => !_node.Queue.IsBusy);
    }

    [Fact]
    public async Task Nothing_is_saved_while_a_request_runs()
    {
        await _saver.StartAsync(CancellationToken.None);
        await AskAsync("one");
        await AskAsync("two");
        using GenerationStream third = await StartAsync("three");
        FakeRun run = await _node.Runs.NextAsync();

        _node.Time.Advance(TimeSpan.FromMinutes(1));
        _node.Runs.Count.Should().Be(3);
        run.End(RunEndReason.Stop);

        (await SavingRunAsync()).Tokens.Should().NotEqual(run.Tokens);
        _node.Runs.Count.Should().Be(4);
    }

    [Fact]
    public async Task A_request_that_arrives_during_the_saving_run_waits_and_does_not_abort_it()
    {
        await _saver.StartAsync(CancellationToken.None);
        foreach (string question in (string[])["one", "two", "three"])
            await AskAsync(question);
        FakeRun saving = await SavingRunAsync();

        using GenerationStream waiting = await StartAsync("four");
        await EventuallyAsync(() => _node.Queue.Waiting == 1);
        saving.Aborted.IsCompleted.Should().BeFalse();
        saving.End(RunEndReason.Stop, tokens: 0);

        FakeRun next = await _node.Runs.NextAsync();
        Text(next.Tokens!).Should().Contain("four");
    }

    [Fact]
    public async Task A_failed_saving_run_leaves_no_file_and_is_not_repeated()
    {
        await _saver.StartAsync(CancellationToken.None);
        foreach (string question in (string[])["one", "two", "three"])
            await AskAsync(question);
        (await SavingRunAsync()).End(RunEndReason.Error, "no space");
        await EventuallyAsync(() => !_node.Queue.IsBusy);

        await AskAsync("four");
        _node.Time.Advance(TimeSpan.FromMinutes(1));

        Directory.GetFiles(_cache.At("prefixes")).Should().BeEmpty();
        _node.Runs.Count.Should().Be(5);
    }

    private Task<GenerationStream> StartAsync(string question) =>
        _service.StartAsync(EngineNode.Ask() with { Conversation = new([new("system", Rules), new("user", question)]) }, CancellationToken.None);

    private async Task AskAsync(string question)
    {
        using GenerationStream stream = await StartAsync(question);
        (await _node.Runs.NextAsync()).End(RunEndReason.Stop);
        await EventuallyAsync(() => !_node.Queue.IsBusy);
    }

    /// <summary>Lets time pass until the saver starts a run.</summary>
    private async Task<FakeRun> SavingRunAsync()
    {
        Task<FakeRun> next = _node.Runs.NextAsync();
        await EventuallyAsync(() =>
        {
            _node.Time.Advance(TimeSpan.FromSeconds(1));
            return next.IsCompleted;
        });
        return await next;
    }

    private static string Text(IReadOnlyList<int> tokens) => Encoding.UTF8.GetString([.. tokens.Select(static token => (byte)token)]);
}
