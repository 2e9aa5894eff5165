using RkLlama.Engine.Configuration;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Scheduling;

/// <summary>KV slots: several workers of one model, each with its own KV cache.</summary>
public sealed class KvSlotTests : IAsyncDisposable
{
    private const long Gibibyte = 1L << 30;
    private readonly TempDirectory _sysfs = new();
    private EngineNode _node = null!;
    private bool _clearsCache;

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _sysfs.Dispose();
    }

    [Fact]
    public async Task Two_conversations_in_turns_keep_their_own_worker()
    {
        Start(slots: 2);
        List<int> workers = [];

        for (int turn = 1; turn <= 4; turn++)
        {
            workers.Add(await RunAsync(Tokens(1, 100 * turn)));
            workers.Add(await RunAsync(Tokens(2, 100 * turn)));
        }

        workers.Should().Equal(0, 1, 0, 1, 0, 1, 0, 1);
        _node.Host.Residents.Should().ContainSingle().Which.TotalBytes.Should().Be(2 * Gibibyte);
        _node.Engine.Sessions.Select(static session => session.Model.NpuDomain).Should().Equal(1, 2);
    }

    [Fact]
    public async Task A_third_conversation_replaces_the_one_that_was_not_used_for_the_longest_time()
    {
        Start(slots: 2);
        await RunAsync(Tokens(1, 100));
        await RunAsync(Tokens(2, 100));
        await RunAsync(Tokens(1, 200));

        (int third, int first) = (await RunAsync(Tokens(3, 100)), await RunAsync(Tokens(1, 300)));

        (third, first).Should().Be((1, 0));
        _node.Engine.Sessions.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_common_beginning_does_not_lead_a_new_conversation_to_the_cache_of_another_one()
    {
        Start(slots: 2);
        int[] system = Tokens(9, 200);
        await RunAsync([.. system, .. Tokens(1, 300)]);

        int second = await RunAsync([.. system, .. Tokens(2, 300)]);
        int first = await RunAsync([.. system, .. Tokens(1, 400)]);

        (second, first).Should().Be((1, 0));
    }

    [Theory]
    [InlineData(1, "")]
    [InlineData(2, "SLOTS=1\n")]
    [InlineData(2, "REUSE_KV_CACHE=false\n")]
    public async Task Without_slots_a_model_has_one_worker(int slots, string key)
    {
        Start(slots, modelfile: key);

        await RunAsync(Tokens(1, 100));
        await RunAsync(Tokens(2, 100));

        _node.Engine.Sessions.Should().ContainSingle();
    }

    [Fact]
    public async Task The_modelfile_sets_the_number_of_slots()
    {
        Start(slots: 1, modelfile: "SLOTS=3\n");

        for (int i = 1; i <= 4; i++)
            await RunAsync(Tokens(i, 100));

        _node.Engine.Sessions.Should().HaveCount(3);
    }

    [Fact]
    public async Task A_slot_is_not_added_without_memory_or_for_a_background_request_or_before_runtime_1_2_2()
    {
        Start(slots: 2, availableKib: (3L << 20) / 2);
        await RunAsync(Tokens(1, 100));
        SetMemory(1 << 20);
        await RunAsync(Tokens(2, 100));
        SetMemory(8 << 20);
        await RunAsync(Tokens(3, 100), isBackground: true);

        _node.Engine.Sessions.Should().ContainSingle();
        _node.Engine.Sessions[0].RuntimeVersion = "1.2.1";
        await _node.Host.StopWorkerAsync("m");
        _node.Engine.Load = OldAsync;
        await RunAsync(Tokens(4, 100));
        await RunAsync(Tokens(5, 100));
        _node.Engine.Sessions.Should().HaveCount(2);

        Task<IEngineSession> OldAsync(ModelLoadParameters model, CancellationToken cancellationToken)
        {
            FakeSession session = new(_node.Engine, model) { RuntimeVersion = "1.2.1" };
            _node.Engine.Sessions.Add(session);
            return Task.FromResult<IEngineSession>(session);
        }
    }

    [Fact]
    public async Task A_slot_goes_before_any_model()
    {
        Start(slots: 2, configure: static options => options with { MaxModels = 3 });
        _node.AddModel("n");
        Truncate("n");
        await RunAsync(Tokens(1, 100));
        await RunAsync(Tokens(2, 100));
        SetMemory(1 << 20);

        (await _node.AcquireAsync(_node.Host.Find("n"))).Dispose();

        _node.Host.Residents.Select(static resident => resident.Model.Name).Should().Equal("m", "n");
        await EventuallyAsync(() => _node.Engine.Sessions[1].IsDisposed);
        _node.Engine.Sessions[0].IsDisposed.Should().BeFalse();
    }

    [Fact]
    public async Task Of_several_slots_the_one_that_was_used_least_recently_goes()
    {
        Start(slots: 3, configure: static options => options with { MaxModels = 3 });
        _node.AddModel("n");
        Truncate("n");
        await RunAsync(Tokens(1, 100));
        await RunAsync(Tokens(2, 100));
        await RunAsync(Tokens(3, 100));
        await RunAsync(Tokens(2, 200));
        SetMemory((3 << 20) / 2);

        (await _node.AcquireAsync(_node.Host.Find("n"))).Dispose();

        await EventuallyAsync(() => _node.Engine.Sessions[2].IsDisposed);
        _node.Engine.Sessions[1].IsDisposed.Should().BeFalse("the second conversation was used last");
    }

    [Fact]
    public async Task Unloading_a_model_ends_all_its_workers()
    {
        Start(slots: 2);
        await RunAsync(Tokens(1, 100));
        await RunAsync(Tokens(2, 100));

        await _node.Host.UnloadAsync();

        _node.Engine.Sessions.Should().HaveCount(2).And.OnlyContain(static session => session.IsDisposed);
    }

    [Fact]
    public async Task A_slot_that_cannot_be_loaded_costs_no_request_and_is_not_tried_again()
    {
        Start(slots: 2);
        await RunAsync(Tokens(1, 100));
        int loads = 0;
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = _node.Engine.Load;
        _node.Engine.Load = (_, _) =>
        {
            loads++;
            return Task.FromException<IEngineSession>(new EngineException("no memory"));
        };

        int worker = await RunAsync(Tokens(2, 100));
        await RunAsync(Tokens(3, 100));

        (worker, loads).Should().Be((0, 1));
        _node.Engine.Load = load;
    }

    [Fact]
    public async Task The_death_of_one_worker_leaves_the_other_conversation_in_its_cache()
    {
        Start(slots: 2);
        await RunAsync(Tokens(1, 100));
        await RunAsync(Tokens(2, 100));

        _node.Engine.Sessions[0].Crash("SIGSEGV");
        await EventuallyAsync(() => _node.Engine.Sessions.Count == 3);
        int second = await RunAsync(Tokens(2, 200));
        int first = await RunAsync(Tokens(1, 200));

        (second, first).Should().Be((1, 2));
    }

    [Fact]
    public async Task Clients_that_do_not_share_caches_start_with_an_empty_one()
    {
        Start(slots: 1);
        List<bool> cleared = [];

        foreach (int owner in (int[])[1, 1, 2, 2, 1])
        {
            await RunAsync(Tokens(1, 100), owner: (UInt128)owner);
            cleared.Add(_clearsCache);
        }

        cleared.Should().Equal(true, false, true, false, true);
    }

    [Fact]
    public async Task A_client_that_does_not_share_caches_gets_its_own_slot_for_the_same_prompt()
    {
        Start(slots: 2);

        (int one, int other, int again) = (
            await RunAsync(Tokens(1, 100), owner: 1), await RunAsync(Tokens(1, 100), owner: 2), await RunAsync(Tokens(1, 200), owner: 1));

        (one, other, again).Should().Be((0, 1, 0));
    }

    [Fact]
    public async Task A_prefix_from_the_disk_is_known_to_the_order_and_costs_no_slot()
    {
        Start(slots: 2);
        int[] prefix = Tokens(9, 300);
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = _node.Engine.Load;
        _node.Engine.Load = async (model, cancellationToken) =>
        {
            FakeSession session = (FakeSession)await load(model, cancellationToken);
            session.LoadedPrefix = prefix;
            return session;
        };
        await _node.Host.LoadAsync(_node.Catalog.Find("m")).WaitAsync(Patience);
        KvCaches caches = new(_node.Host);

        caches.CountCached(new("m") { Prompt = RunInput.FromTokens([.. prefix, .. Tokens(1, 10)]) }).Should().Be(300);
        caches.CountCached(new("m") { Prompt = RunInput.FromTokens(Tokens(1, 10)) }).Should().Be(0);
        (await RunAsync(Tokens(1, 100))).Should().Be(0, "the prefix can be read again, so no slot is loaded for it");
        _node.Engine.Sessions.Should().ContainSingle();
    }

    private static int[] Tokens(int first, int count) => [.. Enumerable.Range(0, count).Select(i => (first * 1000) + i)];

    /// <summary>Runs a prompt and returns the index of the session that ran it.</summary>
    private async Task<int> RunAsync(int[] tokens, bool isBackground = false, UInt128? owner = null)
    {
        RunInput prompt = RunInput.FromTokens(tokens);
        using ModelLease lease = await _node.Scheduler.AcquireAsync(
            _node.Host.Find("m"), new("m") { Prompt = prompt, IsBackground = isBackground, Owner = owner }, null, CancellationToken.None).WaitAsync(Patience);
        IEngineSession? used = null;
        EngineRun run = await lease.StartRunAsync(Begin, CancellationToken.None);
        FakeRun held = await _node.Runs.NextAsync();
        _clearsCache = held.ClearsCache;
        held.End(RunEndReason.Stop);
        await run.Completion;
        lease.SetKvCache(new(prompt, tokens.Length, [], "") { Owner = owner });
        return _node.Engine.Sessions.FindIndex(session => session == used);

        EngineRun Begin(IEngineSession session)
        {
            used = session;
            return session.Start(prompt, RunParameters.Default, lease.ClearsCache);
        }
    }

    private void Start(int slots, string modelfile = "", long availableKib = 16 << 20, Func<NodeOptions, NodeOptions>? configure = null)
    {
        SetMemory(availableKib);
        _node = new(options => (configure?.Invoke(options) ?? options) with { Slots = slots, SysfsRoot = _sysfs.Path });
        _node.AddModel("m", "FROM=\"m.rkllm\"\n" + modelfile);
        Truncate("m");
    }

    private void Truncate(string model)
    {
        using FileStream file = File.OpenWrite(_node.Catalog.Find(model).ModelPath);
        file.SetLength(Gibibyte);
    }

    private void SetMemory(long availableKib) => _sysfs.Write("proc/meminfo", $"MemTotal: 16777216 kB\nMemAvailable: {availableKib} kB\n");
}
