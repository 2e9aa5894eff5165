using RkLlama.Engine.Metrics;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Tests.Workers;

public sealed class AbortCauseLabelsTests
{
    [Fact]
    public void Every_cause_has_its_own_label() =>
        Enum.GetValues<AbortCause>().Select(AbortCauseLabels.MetricLabel).Should().BeEquivalentTo(AbortLabel.All.Except([AbortLabel.Timeout]));
}
