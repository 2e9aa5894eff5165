using System.Text;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Metrics;

public sealed class NodeMetricsTests : IDisposable
{
    private readonly NodeMetrics _metrics = new();

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public void Counters_with_known_labels_exist_from_the_start()
    {
        MetricsPage page = Scrape();

        foreach (string cause in RejectionCause.All)
            page.Samples.Should().Contain($"rkllama_rejections_total{{cause=\"{cause}\"}}", 0);
        foreach (string cause in AbortLabel.All)
            page.Samples.Should().Contain($"rkllama_aborts_total{{cause=\"{cause}\"}}", 0);
        page.Samples.Should().Contain("rkllama_worker_starts_total", 0).And.Contain("rkllama_model_load_failures_total", 0);
    }

    [Fact]
    public void A_generation_is_recorded_under_its_model()
    {
        _metrics.RecordGeneration(new("m", 10, 4, 5, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(0.75), 12, 4));

        MetricsPage page = Scrape();

        page["rkllama_prompt_tokens_total{model=\"m\"}"].Should().Be(10);
        page["rkllama_cached_tokens_total{model=\"m\"}"].Should().Be(4);
        page["rkllama_output_tokens_total{model=\"m\"}"].Should().Be(5);
        page["rkllama_prefill_seconds_total{model=\"m\"}"].Should().Be(0.5);
        page["rkllama_decode_seconds_total{model=\"m\"}"].Should().Be(1);
        page["rkllama_time_to_first_token_seconds_sum{model=\"m\"}"].Should().Be(0.75);
        page["rkllama_prefill_tokens_per_second_sum{model=\"m\"}"].Should().Be(12);
        page["rkllama_decode_tokens_per_second_sum{model=\"m\"}"].Should().Be(4);
    }

    [Fact]
    public void Unknown_times_and_rates_are_not_recorded()
    {
        _metrics.RecordGeneration(new("m", 10, 0, 0, TimeSpan.Zero, TimeSpan.Zero, null, null, null));

        Scrape().Samples.Keys.Should().NotContain(name => name.StartsWith("rkllama_time_to_first_token", StringComparison.Ordinal) || name.Contains("_per_second"));
    }

    [Fact]
    public void A_request_without_a_run_has_no_duration()
    {
        _metrics.RecordRequest("openai", null, 503, "", null);
        _metrics.RecordRequest("openai", "m", 200, "stop", TimeSpan.FromSeconds(2));

        MetricsPage page = Scrape();

        page["rkllama_requests_total{api=\"openai\",model=\"\",status=\"503\",finish_reason=\"\"}"].Should().Be(1);
        page["rkllama_requests_total{api=\"openai\",model=\"m\",status=\"200\",finish_reason=\"stop\"}"].Should().Be(1);
        page["rkllama_request_duration_seconds_count{api=\"openai\"}"].Should().Be(1);
    }

    [Fact]
    public void The_other_events_are_recorded()
    {
        _metrics.RecordQueueWait(TimeSpan.FromSeconds(1));
        _metrics.RecordRejection(RejectionCause.Draining);
        _metrics.RecordEmbedding("m", 3);
        _metrics.RecordInterTokenLatency(TimeSpan.FromSeconds(0.05), _metrics.ModelTag("m"));
        _metrics.RecordModelLoad("m", TimeSpan.FromSeconds(2));
        _metrics.RecordModelLoadFailure();
        _metrics.RecordWorkerStart();
        _metrics.RecordWorkerDeath("SIGSEGV", "crash");
        _metrics.RecordAbort(AbortLabel.Length);
        _metrics.RecordTimeoutAbort();

        MetricsPage page = Scrape();

        page["rkllama_queue_wait_seconds_sum"].Should().Be(1);
        page["rkllama_rejections_total{cause=\"draining\"}"].Should().Be(1);
        page["rkllama_prompt_tokens_total{model=\"m\"}"].Should().Be(3);
        page["rkllama_inter_token_latency_seconds_count{model=\"m\"}"].Should().Be(1);
        page["rkllama_model_load_seconds_sum{model=\"m\"}"].Should().Be(2);
        page["rkllama_model_load_failures_total"].Should().Be(1);
        page["rkllama_worker_starts_total"].Should().Be(1);
        page["rkllama_worker_deaths_total{signal=\"SIGSEGV\",cause=\"crash\"}"].Should().Be(1);
        page["rkllama_aborts_total{cause=\"length\"}"].Should().Be(1);
        page["rkllama_aborts_total{cause=\"late\"}"].Should().Be(1);
    }

    [Fact]
    public void After_32_models_all_others_share_one_label()
    {
        for (int i = 0; i < 40; i++)
            _metrics.RecordEmbedding($"m{i}", 1);

        MetricsPage page = Scrape();

        page.Samples.Keys.Count(name => name.StartsWith("rkllama_prompt_tokens_total", StringComparison.Ordinal)).Should().Be(33);
        page["rkllama_prompt_tokens_total{model=\"other\"}"].Should().Be(8);
    }

    private MetricsPage Scrape() => new(Encoding.UTF8.GetString(_metrics.Store.Scrape()));
}
