using System.Diagnostics.Metrics;
using System.Text;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Metrics;

/// <summary>The text that a scrape returns for instruments.</summary>
public sealed class PrometheusTextTests : IDisposable
{
    private readonly Meter _meter = new("test");
    private readonly MetricStore _store;

    public PrometheusTextTests() => _store = new(_meter);

    public void Dispose()
    {
        _store.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void A_counter_has_help_type_and_a_sample_for_each_set_of_labels()
    {
        Counter<long> counter = _meter.CreateCounter<long>("things_total", null, "Things.");

        counter.Add(2, Tag("kind", "a"), Tag("size", "1"));
        counter.Add(1, Tag("kind", "b"), Tag("size", "1"));
        counter.Add(3, Tag("kind", "a"), Tag("size", "1"));

        Scrape().Should().Be("""
            # HELP things_total Things.
            # TYPE things_total counter
            things_total{kind="a",size="1"} 5
            things_total{kind="b",size="1"} 1

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Labels_and_help_are_escaped()
    {
        _meter.CreateCounter<long>("things_total", null, "A \\ and\na \"line\".").Add(1, Tag("name", "back\\slash \"quoted\"\nü"));

        Scrape().Should().Be("""
            # HELP things_total A \\ and\na "line".
            # TYPE things_total counter
            things_total{name="back\\slash \"quoted\"\nü"} 1

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void A_histogram_has_cumulative_buckets_sum_and_count()
    {
        Histogram<double> histogram = Histogram("wait_seconds", 0.5, 1, 2.5);

        foreach (double value in (double[])[0.25, 0.5, 0.75, 2, 100])
            histogram.Record(value, Tag("model", "m"));

        Scrape().Should().Be("""
            # HELP wait_seconds A wait.
            # TYPE wait_seconds histogram
            wait_seconds_bucket{model="m",le="0.5"} 2
            wait_seconds_bucket{model="m",le="1"} 3
            wait_seconds_bucket{model="m",le="2.5"} 4
            wait_seconds_bucket{model="m",le="+Inf"} 5
            wait_seconds_sum{model="m"} 103.5
            wait_seconds_count{model="m"} 5

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_histogram_is_consistent_while_other_threads_record()
    {
        Histogram<double> histogram = Histogram("wait_seconds", 1, 2, 3);
        const int Each = 20_000;
        Task[] writers = [.. Enumerable.Range(0, 4).Select(writer => Task.Run(() =>
        {
            for (int i = 0; i < Each; i++)
                histogram.Record(i % 4, Tag("model", (i % 3).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }))];

        Task all = Task.WhenAll(writers);
        do
        {
            string text = Scrape();
            if (text.Length == 0)
                continue;
            MetricsPage page = new(text);
            for (int model = 0; model < 3; model++)
            {
                double[] buckets = [.. ((string[])["1", "2", "3", "+Inf"]).Select(bound => page[$"wait_seconds_bucket{{model=\"{model}\",le=\"{bound}\"}}"])];
                buckets.Should().BeInAscendingOrder();
                page[$"wait_seconds_count{{model=\"{model}\"}}"].Should().Be(buckets[^1]);
            }
        }
        while (!all.IsCompleted);
        await all;

        MetricsPage last = new(Scrape());
        Enumerable.Range(0, 3).Sum(model => last[$"wait_seconds_count{{model=\"{model}\"}}"]).Should().Be(4 * Each);
        Enumerable.Range(0, 3).Sum(model => last[$"wait_seconds_sum{{model=\"{model}\"}}"]).Should().Be(4 * Each * 1.5);
    }

    [Fact]
    public void An_observable_gauge_forgets_the_labels_of_the_last_scrape()
    {
        string model = "first";
        _meter.CreateObservableGauge("loaded", () => new Measurement<double>(1, Tag("model", model)), null, "The model.");
        string before = Scrape();

        model = "second";

        before.Should().Contain("loaded{model=\"first\"} 1\n");
        Scrape().Should().Contain("loaded{model=\"second\"} 1\n").And.NotContain("first");
    }

    [Fact]
    public void A_gauge_without_value_and_other_meters_are_omitted()
    {
        _meter.CreateObservableGauge<double>("unknown", static () => [], null, "Nothing is known.");
        using Meter other = new("test");
        other.CreateCounter<long>("things_total").Add(1);

        Scrape().Should().BeEmpty();
    }

    [Fact]
    public void Numbers_are_written_in_full()
    {
        double value = 0.1 + 0.2;
        _meter.CreateObservableGauge("value", () => value, null, "A value.");
        Scrape().Should().EndWith("value 0.30000000000000004\n");

        value = 8_589_934_592;

        Scrape().Should().EndWith("value 8589934592\n");
    }

    [Fact]
    public void Recording_allocates_nothing()
    {
        Histogram<double> histogram = Histogram("wait_seconds", 0.5, 1, 2.5);
        KeyValuePair<string, object?> model = Tag("model", "m");
        for (int i = 0; i < 1000; i++)
            histogram.Record(1, model);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            histogram.Record(1, model);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }

    private Histogram<double> Histogram(string name, params double[] bounds) =>
        _meter.CreateHistogram(name, null, "A wait.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

    private string Scrape() => Encoding.UTF8.GetString(_store.Scrape());

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
