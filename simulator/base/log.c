// log.c - the lines the vendor library prints, through buffered stdio to stdout and never flushed here.
#include "sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *runtime_version(void)
{
    const char *v = getenv("RKLLM_STANDIN_VERSION");
    return v && *v ? v : built_version;
}

int log_level(void)
{
    const char *v = getenv("RKLLM_LOG_LEVEL");
    return v ? atoi(v) : 0;
}

void log_line(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    Buf b = {0};
    char line[1024];
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    buf_printf(&b, "%s\n", line);
    fwrite(b.p, 1, b.n, stdout);
    free(b.p);
}

static const char *platform(void)
{
    const char *v = getenv("RKLLM_STANDIN_PLATFORM");
    return v && *v ? v : "RK3588";
}

static const char *driver(void)
{
    const char *v = getenv("RKLLM_STANDIN_DRIVER");
    return v && *v ? v : "0.9.8";
}

static void log_param(const RKLLMParam *p)
{
    log_line("I rkllm: max_context_len: %d, max_new_tokens: %d, top_k: %d, top_p: %.2f, temperature: %.2f, "
             "repeat_penalty: %.2f, frequency_penalty: %.2f, presence_penalty: %.2f, mirostat: %d, mirostat_tau: %.2f, "
             "mirostat_eta: %.2f, skip_special_token: %d, is_async: %d",
             p->max_context_len, p->max_new_tokens, p->top_k, (double)p->top_p, (double)p->temperature,
             (double)p->repeat_penalty, (double)p->frequency_penalty, (double)p->presence_penalty, p->mirostat,
             (double)p->mirostat_tau, (double)p->mirostat_eta, p->skip_special_token, p->is_async);
}

// h is NULL before the model is read: then only the version line, which comes first in every version.
void log_init(const Handle *h, const RKLLMParam *p)
{
    if (!h) {
        int a = 0, b = 0, c = 0;
        log_line("I rkllm: rkllm-runtime version: %s, rknpu driver version: %s, platform: %s", runtime_version(), driver(),
                 platform());
        if (sscanf(driver(), "%d.%d.%d", &a, &b, &c) == 3 && a * 10000 + b * 100 + c < 907)
            log_line("W rkllm: Warning: Your rknpu driver version is too low, please upgrade to 0.9.7.");
#if SIM_ABI >= 10200
        log_line("I rkllm: loading rkllm model from %s", p->model_path ? p->model_path : "(null)");
#endif
        return;
    }
    if (log_level() >= 2)
        log_param(p);
#if SIM_ABI >= 10200
    const Model *m = &h->model;
    Buf b = {0};
    buf_printf(&b, "I rkllm: rkllm-toolkit version: %s, max_context_limit: %d, npu_core_num: %d, target_platform: %s",
               m->toolkit, m->ctx_limit, m->cores, m->platform);
#if SIM_ABI >= 10201
    buf_printf(&b, ", model_dtype: %s", m->dtype);
#endif
    log_line("%s", b.p);
#if SIM_ABI < 10201
    log_line("I rkllm: system_prompt: ");
    log_line("I rkllm: prompt_prefix: <|im_start|>user\\n");
    log_line("I rkllm: prompt_postfix: <|im_end|>\\n<|im_start|>assistant\\n");
#endif
    b.n = 0;
    int cpus = 0;
    for (int i = 0; i < 32; i++)
        if (p->extend_param.enabled_cpus_mask >> i & 1)
            buf_printf(&b, cpus++ ? ", %d" : "%d", i);
    log_line("I rkllm: Enabled cpus: [%s]", cpus ? b.p : "");
    log_line("I rkllm: Enabled cpus num: %d", p->extend_param.enabled_cpus_num);
    free(b.p);
    if (!strcmp(m->template, "none"))
        log_line("W rkllm: Chat template auto-parsing failed: please configure it via rkllm_set_chat_template.");
#endif
}

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
        log_line("I rkllm: current kv cache size: %d", r->h->kv_len);
}
