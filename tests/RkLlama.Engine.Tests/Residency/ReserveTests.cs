using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Tests.Residency;

/// <summary>The part of the memory that stays free beside several models: which models are refused for it. The reserve is 256 MiB.</summary>
public sealed class ReserveTests : ResidentModelsFixture
{
    [Fact]
    public async Task A_model_that_can_never_fit_is_refused_with_the_sizes_and_no_model_goes()
    {
        Start(4, Gibibyte);
        await UseAsync("m");
        SetMemory(0);
        Node.AddModel("huge");
        SetSize("huge", 9 * Gibibyte);
        Func<Task> use = () => UseAsync("huge");

        (await use.Should().ThrowAsync<EngineException>()).Which.Message.Should().Contain("9216 MiB").And.Contain("768 MiB").And.Contain("reserve of 256 MiB");

        Names().Should().Equal("m");
    }

    [Fact]
    public async Task No_model_goes_for_one_that_would_take_the_reserve()
    {
        Start(4, 2 * Gibibyte);
        await UseAsync("m");
        SetMemory(Gibibyte);
        SetSize("n", 15 * Gibibyte / 8);
        Func<Task> use = () => UseAsync("n");

        await use.Should().ThrowAsync<EngineException>();

        Names().Should().Equal("m");
    }

    [Fact]
    public async Task The_only_model_may_take_the_reserve()
    {
        Start(4, 2 * Gibibyte);
        SetSize("n", 15 * Gibibyte / 8);

        await UseAsync("n");

        Names().Should().Equal("n");
    }
}
