using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Scheduling;

/// <summary>The order of requests for different models, and the switch time.</summary>
public sealed class RunQueueModelTests
{
    private readonly SettableTime _time = new();
    private readonly FakeCaches _caches = new();
    private readonly RunQueue _queue;

    public RunQueueModelTests()
    {
        RunOrder order = new(_caches, switchTime: TimeSpan.FromSeconds(30), fairness: TimeSpan.FromSeconds(30), _time);
        _queue = new(capacity: 3, maxWait: TimeSpan.FromMinutes(5), followUp: TimeSpan.FromSeconds(0.15), order, _time);
    }

    [Fact]
    public async Task Requests_for_resident_models_go_before_a_load_for_the_residency_time_only()
    {
        QueueSlot turn = await _queue.EnterAsync("a", default);
        _caches.Resident.Add("a");
        Task<QueueSlot> other = _queue.EnterAsync("b", default);
        Task<QueueSlot> same = _queue.EnterAsync("a", default);

        turn.Dispose();
        turn = await same;
        Task<QueueSlot> late = _queue.EnterAsync("a", default);
        _time.Advance(TimeSpan.FromSeconds(31));
        turn.Dispose();

        turn = await other;
        late.IsCompleted.Should().BeFalse();
        turn.Dispose();
        (await late).Dispose();
    }

    [Fact]
    public async Task A_slot_without_a_model_does_not_begin_the_switch_time()
    {
        _caches.Resident.Add("a");
        _time.Advance(TimeSpan.FromSeconds(31));
        _queue.TryEnter()!.Dispose();
        QueueSlot turn = await _queue.EnterAsync("a", default);
        Task<QueueSlot> load = _queue.EnterAsync("b", default);
        Task<QueueSlot> same = _queue.EnterAsync("a", default);

        turn.Dispose();

        (await load.WaitAsync(HeldRuns.Patience)).Dispose();
        (await same).Dispose();
    }

    [Fact]
    public async Task Without_requests_for_resident_models_another_model_gets_the_npu()
    {
        QueueSlot turn = await _queue.EnterAsync("a", default);
        _caches.Resident.Add("a");
        Task<QueueSlot> other = _queue.EnterAsync("b", default);

        turn.Dispose();

        (await other).Dispose();
    }

    [Fact]
    public async Task Resident_models_take_turns()
    {
        _caches.Resident.UnionWith(["a", "b"]);
        QueueSlot running = await _queue.EnterAsync("a", default);
        List<(string Model, Task<QueueSlot> Slot)> waiting = [.. new[] { "a", "a", "b" }.Select(model => (model, _queue.EnterAsync(model, default)))];
        List<string> order = [];

        running.Dispose();
        while (waiting.Count > 0)
        {
            await Task.WhenAny(waiting.Select(static entry => entry.Slot));
            (string model, Task<QueueSlot> slot) = waiting.Find(static entry => entry.Slot.IsCompleted);
            waiting.Remove((model, slot));
            order.Add(model);
            (await slot).Dispose();
        }

        order.Should().Equal("b", "a", "a");
    }
}
