using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Residency;

/// <summary>Several models at once: which ones stay, and which ones are evicted. The models have files of 1 GiB that use no space on the disk.</summary>
public sealed class SeveralModelsTests : ResidentModelsFixture
{
    [Fact]
    public async Task Auto_keeps_an_embedding_model_beside_a_chat_model()
    {
        Start(null);

        ModelInstance chat = await UseAsync("m");
        ModelInstance embedder = await UseAsync("embedder");

        Names().Should().Equal("m", "embedder");
        Host.Current.Should().BeSameAs(chat, "it generates text");
        embedder.State.Should().Be(ModelState.Ready);
        Node.Engine.Sessions.Should().OnlyContain(static session => !session.IsDisposed);
    }

    [Fact]
    public async Task Auto_keeps_one_chat_model()
    {
        Start(null);
        await UseAsync("m");
        await UseAsync("embedder");

        await UseAsync("n");

        Names().Should().Equal("embedder", "n");
    }

    [Fact]
    public async Task A_number_of_models_is_kept_and_the_least_recently_used_one_goes()
    {
        Start(2);
        await UseAsync("m");
        await UseAsync("n");
        await UseAsync("m");

        await UseAsync("o");

        Names().Should().Equal("m", "o");
    }

    [Fact]
    public async Task Of_three_models_the_one_whose_last_use_is_the_longest_ago_goes()
    {
        Start(3);
        Node.AddModel("p");
        foreach (string name in (string[])["m", "n", "o", "o", "n", "m"])
            await UseAsync(name);

        await UseAsync("p");

        Names().Should().Equal("n", "m", "p");
    }

    [Fact]
    public async Task A_model_of_the_operator_goes_last()
    {
        Start(2);
        ModelInstance pinned = await Host.LoadAsync(Node.Catalog.Find("m")).WaitAsync(Patience);
        await UseAsync("n");

        await UseAsync("o");

        Names().Should().Equal("m", "o");
        Host.Current.Should().BeSameAs(pinned);
    }

    [Fact]
    public async Task The_operator_cannot_load_a_second_model_but_can_load_one_beside_those_of_requests()
    {
        Start(3);
        await UseAsync("n");
        ModelInstance own = await Host.LoadAsync(Node.Catalog.Find("m")).WaitAsync(Patience);
        Func<Task> second = () => Host.LoadAsync(Node.Catalog.Find("o"));

        await second.Should().ThrowAsync<ModelAlreadyLoadedException>();

        Host.Current.Should().BeSameAs(own);
        Names().Should().Equal("n", "m");
    }

    [Fact]
    public async Task The_operator_can_load_a_model_beside_a_preloaded_embedding_model()
    {
        Start(null);
        await Host.PreloadAsync(Node.Catalog.Find("embedder")).WaitAsync(Patience);
        bool hadChatModel = Host.HasChatModel;

        ModelInstance chat = await Host.LoadAsync(Node.Catalog.Find("m")).WaitAsync(Patience);

        hadChatModel.Should().BeFalse();
        Names().Should().Equal("embedder", "m");
        Host.Current.Should().BeSameAs(chat);
    }

    [Fact]
    public async Task The_operator_cannot_replace_a_model_that_is_in_use()
    {
        Start(null);
        await UseAsync("n");
        Func<Task> load = () => Host.LoadAsync(Node.Catalog.Find("m"));

        await load.Should().ThrowAsync<ModelAlreadyLoadedException>();

        Names().Should().Equal("n");
    }

    [Fact]
    public async Task An_unload_of_the_operator_keeps_the_other_models()
    {
        Start(2);
        await UseAsync("n");
        await Host.LoadAsync(Node.Catalog.Find("m")).WaitAsync(Patience);

        await Host.UnloadAsync().WaitAsync(Patience);

        Names().Should().Equal("n");
        Host.Current!.Name.Should().Be("n");
    }

    [Fact]
    public async Task Several_models_can_be_preloaded()
    {
        Start(2);

        await Host.PreloadAsync(Node.Catalog.Find("m")).WaitAsync(Patience);
        await Host.PreloadAsync(Node.Catalog.Find("n")).WaitAsync(Patience);

        Host.PreloadedModels.Select(static model => model.Name).Should().Equal("m", "n");
        Names().Should().Equal("m", "n");
    }

    [Fact]
    public async Task Without_memory_for_both_the_other_model_goes()
    {
        Start(4, availableBytes: 3 * Gibibyte / 2);
        ModelInstance first = await UseAsync("m");
        SetMemory(Gibibyte / 2);
        Host.StateChanged += (model, _) =>
        {
            if (model == first && model.State == ModelState.NotLoaded)
                SetMemory(3 * Gibibyte / 2);
        };

        await UseAsync("n");

        Names().Should().Equal("n");
    }

    [Fact]
    public async Task A_load_that_fails_for_lack_of_memory_is_tried_once_more_without_the_other_models()
    {
        Start(4);
        await UseAsync("m");
        int attempts = 0;
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = Node.Engine.Load;
        Node.Engine.Load = (model, cancellationToken) => ++attempts == 1
            ? Task.FromException<IEngineSession>(new EngineException("no memory") { Code = FailureCode.OutOfMemory })
            : load(model, cancellationToken);

        await UseAsync("n");

        (attempts, string.Join(",", Names())).Should().Be((2, "n"));
    }

    [Fact]
    public async Task A_model_that_a_request_has_loaded_becomes_that_of_the_operator()
    {
        Start(3);
        ModelInstance used = await UseAsync("n");

        ModelInstance loaded = await Host.LoadAsync(Node.Catalog.Find("n")).WaitAsync(Patience);

        loaded.Should().BeSameAs(used);
        (loaded.IsPinned, loaded.IdleTimer).Should().Be((true, null));
        Node.Engine.Sessions.Should().ContainSingle();
    }

    [Fact]
    public async Task A_model_whose_settings_have_changed_replaces_its_earlier_instance()
    {
        Start(3);
        await UseAsync("n");
        Node.Write("n/Modelfile", "FROM=\"m.rkllm\"\nTEMPERATURE=0.5\n");

        ModelInstance loaded = await Host.LoadAsync(Node.Catalog.Find("n")).WaitAsync(Patience);

        Names().Should().Equal("n");
        Host.FindResident("n").Should().BeSameAs(loaded);
        await EventuallyAsync(() => Node.Engine.Sessions[0].IsDisposed);
    }

    [Fact]
    public async Task A_load_that_the_system_kills_is_repeated_without_the_other_models()
    {
        Start(3);
        await UseAsync("m");
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = Node.Engine.Load;
        Node.Engine.Load = (model, cancellationToken) =>
        {
            Node.Engine.Load = load;
            return Task.FromException<IEngineSession>(new EngineException("killed by signal 9") { Code = FailureCode.Killed });
        };

        await UseAsync("n");

        Names().Should().Equal("n");
    }

    [Fact]
    public async Task Resident_models_have_different_npu_domains()
    {
        Start(3);
        SetSize("n", 4_100_000_000);
        List<int> domains = [];
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = Node.Engine.Load;
        Node.Engine.Load = (model, cancellationToken) =>
        {
            domains.Add(model.NpuDomain);
            return load(model, cancellationToken);
        };

        await UseAsync("m");
        await UseAsync("n");
        await UseAsync("o");

        domains.Should().Equal([1, 2, 4], "a domain has 4 GB, so the second model uses two");
    }

    [Fact]
    public async Task An_old_runtime_keeps_one_model()
    {
        Start(3);
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = Node.Engine.Load;
        Node.Engine.Load = async (model, cancellationToken) =>
        {
            FakeSession session = (FakeSession)await load(model, cancellationToken);
            session.RuntimeVersion = "1.2.1";
            return session;
        };
        await UseAsync("m");

        await UseAsync("n");

        Names().Should().Equal("n");
    }

    [Fact]
    public async Task The_death_of_a_worker_touches_its_model_alone()
    {
        Start(2);
        ModelInstance first = await UseAsync("m");
        ModelInstance second = await UseAsync("n");

        Node.Engine.Sessions[0].Crash("killed");
        await EventuallyAsync(() => Node.Engine.Sessions.Count == 3 && first.State == ModelState.Ready);

        second.State.Should().Be(ModelState.Ready);
        Node.Engine.Sessions[1].IsDisposed.Should().BeFalse();
    }
}
