using System.Diagnostics.Metrics;
using RkLlama.Engine.Metrics;

namespace RkLlama.Engine.Tests.Metrics;

public sealed class MetricStoreTests
{
    [Fact]
    public void Families_are_ordered_by_name_and_have_the_type_of_their_instrument()
    {
        using Meter meter = new("test");
        using MetricStore store = new(meter);
        meter.CreateCounter<long>("b_total");
        meter.CreateHistogram("c_seconds", null, null, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2] });
        meter.CreateObservableGauge("a", static () => 1.0);

        store.Families.Select(static family => (family.Name, family.Type, family.IsObserved)).Should().Equal(("a", "gauge", true), ("b_total", "counter", false), ("c_seconds", "histogram", false));
        store.Families[2].Bounds.Should().Equal(1, 2);
    }

    [Fact]
    public void A_disposed_store_records_nothing()
    {
        using Meter meter = new("test");
        MetricStore store = new(meter);
        Counter<long> counter = meter.CreateCounter<long>("a_total");
        counter.Add(1);

        store.Dispose();
        counter.Add(1);

        store.Families.Should().ContainSingle().Which.Series.Should().ContainSingle().Which.Value.Should().Be(1);
    }
}
