using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Tests.Residency;

public sealed class ModelInstanceTests : IAsyncDisposable
{
    private static readonly LoadedModelInfo Facts = new("1.2.3", "0.9.8", false, 2048, 512);

    // Every allowed transition. All other pairs are refused.
    private static readonly Dictionary<ModelState, ModelState[]> Allowed = new()
    {
        [ModelState.NotLoaded] = [ModelState.Loading],
        [ModelState.Loading] = [ModelState.Ready, ModelState.NotLoaded, ModelState.Unloading, ModelState.Stuck],
        [ModelState.Ready] = [ModelState.Running, ModelState.Restarting, ModelState.Unloading],
        [ModelState.Running] = [ModelState.Ready, ModelState.Restarting, ModelState.Unloading],
        [ModelState.Restarting] = [ModelState.Ready, ModelState.Failed, ModelState.Unloading, ModelState.Stuck],
        [ModelState.Failed] = [ModelState.Restarting, ModelState.Unloading],
        [ModelState.Unloading] = [ModelState.NotLoaded, ModelState.Stuck],
        [ModelState.Stuck] = [ModelState.NotLoaded, ModelState.Failed],
    };

    // How a new instance gets into each state.
    private static readonly Dictionary<ModelState, ModelState[]> Paths = new()
    {
        [ModelState.NotLoaded] = [],
        [ModelState.Loading] = [ModelState.Loading],
        [ModelState.Ready] = [ModelState.Loading, ModelState.Ready],
        [ModelState.Running] = [ModelState.Loading, ModelState.Ready, ModelState.Running],
        [ModelState.Restarting] = [ModelState.Loading, ModelState.Ready, ModelState.Restarting],
        [ModelState.Failed] = [ModelState.Loading, ModelState.Ready, ModelState.Restarting, ModelState.Failed],
        [ModelState.Unloading] = [ModelState.Loading, ModelState.Unloading],
        [ModelState.Stuck] = [ModelState.Loading, ModelState.Stuck],
    };

    private readonly EngineNode _node = new();
    private readonly List<(ModelState From, ModelState To)> _changes = [];
    private readonly ModelInstance _model;

    public ModelInstanceTests() => _model = _node.NewInstance("m", (model, from) => _changes.Add((from, model.State)));

    public static TheoryData<string, string> AllowedTransitions => Pairs(isAllowed: true);

    public static TheoryData<string, string> RefusedTransitions => Pairs(isAllowed: false);

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [MemberData(nameof(AllowedTransitions))]
    public void An_allowed_transition_changes_the_state_and_tells_the_listener_once(string from, string to)
    {
        (ModelState before, ModelState after) = (Enum.Parse<ModelState>(from), Enum.Parse<ModelState>(to));
        Bring(before);

        bool isMoved = _model.TryMove(after);

        isMoved.Should().BeTrue();
        _model.State.Should().Be(after);
        _changes.Should().Equal((before, after));
    }

    [Theory]
    [MemberData(nameof(RefusedTransitions))]
    public void A_refused_transition_changes_nothing(string from, string to)
    {
        ModelState before = Enum.Parse<ModelState>(from);
        Bring(before);

        bool isMoved = _model.TryMove(Enum.Parse<ModelState>(to), "reason");

        isMoved.Should().BeFalse();
        _model.State.Should().Be(before);
        _model.Failure.Should().BeNull();
        _changes.Should().BeEmpty();
    }

    [Fact]
    public void Facts_and_process_id_stay_while_the_worker_has_the_model()
    {
        _model.TryMove(ModelState.Loading);
        (_model.Facts, _model.ContextLength).Should().Be((null, ModelInstance.DefaultContextLength));

        _model.TryBecomeReady(Facts, 42);
        _model.TryMove(ModelState.Running);
        (_model.Facts, _model.ProcessId, _model.ContextLength, _model.MaxNewTokens).Should().Be((Facts, (int?)42, 2048, 512));
        _model.TryMove(ModelState.Ready);
        (_model.Facts, _model.ProcessId).Should().Be((Facts, (int?)42));

        _model.TryMove(ModelState.Restarting);
        (_model.Facts, _model.ProcessId).Should().Be((null, (int?)null));
    }

    [Fact]
    public void The_failure_stays_until_the_next_transition()
    {
        Bring(ModelState.Restarting);

        _model.TryMove(ModelState.Failed, "five times");
        _model.Failure.Should().Be("five times");
        _model.TryMove(ModelState.Unloading);

        _model.Failure.Should().BeNull();
    }

    [Theory]
    [InlineData(nameof(ModelState.NotLoaded), false)]
    [InlineData(nameof(ModelState.Loading), false)]
    [InlineData(nameof(ModelState.Ready), true)]
    [InlineData(nameof(ModelState.Running), true)]
    [InlineData(nameof(ModelState.Restarting), true)]
    [InlineData(nameof(ModelState.Failed), true)]
    [InlineData(nameof(ModelState.Stuck), true)]
    [InlineData(nameof(ModelState.Unloading), false)]
    public void A_model_is_loaded_from_its_first_load_until_it_is_unloaded(string state, bool isLoaded)
    {
        Bring(Enum.Parse<ModelState>(state));

        _model.IsLoaded.Should().Be(isLoaded);
    }

    [Theory]
    [InlineData(nameof(ModelState.Running), nameof(ModelState.Ready))]
    [InlineData(nameof(ModelState.Loading), nameof(ModelState.Loading))]
    [InlineData(nameof(ModelState.Restarting), nameof(ModelState.Restarting))]
    [InlineData(nameof(ModelState.Failed), nameof(ModelState.Failed))]
    [InlineData(nameof(ModelState.Stuck), nameof(ModelState.Stuck))]
    [InlineData(nameof(ModelState.Unloading), nameof(ModelState.Unloading))]
    public void The_end_of_a_run_makes_only_a_running_model_ready(string before, string after)
    {
        Bring(Enum.Parse<ModelState>(before));

        _model.EndRun();

        _model.State.Should().Be(Enum.Parse<ModelState>(after));
    }

    [Fact]
    public async Task An_unload_is_final_for_the_instance()
    {
        _model.Unloaded.IsCancellationRequested.Should().BeFalse();

        await _model.MarkUnloadedAsync();

        _model.Unloaded.IsCancellationRequested.Should().BeTrue();
    }

    [Fact]
    public void A_new_instance_never_expires()
    {
        _model.IdleTimer.Should().BeNull();

        _model.IdleTimer = new(TimeSpan.FromMinutes(1), _node.Time);

        _model.IdleTimer.Remaining.Should().Be(TimeSpan.FromMinutes(1));
    }

    private void Bring(ModelState state)
    {
        foreach (ModelState step in Paths[state])
            _model.TryMove(step).Should().BeTrue();
        _changes.Clear();
    }

    private static TheoryData<string, string> Pairs(bool isAllowed)
    {
        TheoryData<string, string> pairs = [];
        foreach (ModelState from in Enum.GetValues<ModelState>())
        {
            foreach (ModelState to in Enum.GetValues<ModelState>().Where(to => Allowed[from].Contains(to) == isAllowed))
                pairs.Add(from.ToString(), to.ToString());
        }

        return pairs;
    }
}
