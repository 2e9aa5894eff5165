// init_log.c - see init_log.h.
#include "api/init_log.h"
#include "abi/facts.h"
#include "abi/fields.h"
#include "base/board.h"
#include "base/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void log_version(const RKLLMParam *p)
{
    int major = 0, minor = 0, patch = 0;
    const char *driver = driver_version();
    log_line("I rkllm: rkllm-runtime version: %s, rknpu driver version: %s, platform: %s", runtime_version(), driver,
             platform_name());
    if (sscanf(driver, "%d.%d.%d", &major, &minor, &patch) == 3 && major * 10000 + minor * 100 + patch < 907)
        log_line("W rkllm: Warning: Your rknpu driver version is too low, please upgrade to 0.9.7.");
    if (abi_facts->prefixed_log)
        log_line("I rkllm: loading rkllm model from %s", p->model_path ? p->model_path : "(null)");
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

static void log_model(const Model *m)
{
    bool dtype = abi_facts->dtype_log;
    log_line("I rkllm: rkllm-toolkit version: %s, max_context_limit: %d, npu_core_num: %d, target_platform: %s%s%s",
             m->toolkit, m->ctx_limit, m->cores, m->platform, dtype ? ", model_dtype: " : "", dtype ? m->dtype : "");
    if (dtype)
        return;
    log_line("I rkllm: system_prompt: ");
    log_line("I rkllm: prompt_prefix: <|im_start|>user\\n");
    log_line("I rkllm: prompt_postfix: <|im_end|>\\n<|im_start|>assistant\\n");
}

static void log_cpus(const ParamFields *f)
{
    Buf b = {0};
    buf_put(&b, "", 0);
    for (int i = 0; i < 32; i++)
        if (f->cpu_mask >> i & 1)
            buf_printf(&b, b.n ? ", %d" : "%d", i);
    log_line("I rkllm: Enabled cpus: [%s]", b.p);
    log_line("I rkllm: Enabled cpus num: %d", f->cpu_count);
    free(b.p);
}

void log_loaded(const Model *m, const RKLLMParam *p)
{
    if (log_level() >= 2)
        log_param(p);
    if (!abi_facts->prefixed_log)
        return;
    ParamFields more = param_fields(p);
    log_model(m);
    if (m->image_px)
        log_line("I rkllm: Using mrope");
    log_cpus(&more);
    if (!strcmp(m->template, "none"))
        log_line("W rkllm: Chat template auto-parsing failed: please configure it via rkllm_set_chat_template.");
}
