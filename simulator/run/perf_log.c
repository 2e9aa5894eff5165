// perf_log.c - see perf_log.h.
#include "run/perf_log.h"
#include "base/clock.h"
#include "base/log.h"

static void log_stage(const char *name, double ms, int tokens)
{
    double per = tokens > 0 ? ms / tokens : 0;
    log_line("I rkllm:  %-9s %-18.2f %-10d %-24.2f %-20.2f", name, ms, tokens, per, per > 0 ? 1000 / per : 0.0);
}

void log_perf(const Run *r)
{
    if (log_level() < 1)
        return;
    const char *rule = "I rkllm: --------------------------------------------------------------------------------------";
    log_line("%s", rule);
    log_line("I rkllm:  %-9s %-18s %-10s %-24s %-20s", "Stage", "Total Time (ms)", "Tokens", "Time per Token (ms)",
             "Tokens per Second");
    log_line("%s", rule);
    log_stage("Prefill", (double)r->prefill_us / 1000, r->prefill_tokens);
    log_stage("Generate", (double)(now_us() - r->first_us) / 1000, r->emitted > 0 ? r->emitted - 1 : 0);
    log_line("%s", rule);
    log_line("I rkllm:  Peak Memory Usage (GB)");
    log_line("I rkllm:  %.2f", r->h->model.memory_mb / 1024);
    log_line("%s", rule);
    if (log_level() >= 2)
        log_line("I rkllm: current kv cache size: %d", r->h->kv.len);
}
