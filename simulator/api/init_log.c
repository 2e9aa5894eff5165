// init_log.c - what rkllm_init prints.
#include "sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        log_line("I rkllm: rkllm-runtime version: %s, rknpu driver version: %s, platform: %s", runtime_version(), driver_version(),
                 platform_name());
        if (sscanf(driver_version(), "%d.%d.%d", &a, &b, &c) == 3 && a * 10000 + b * 100 + c < 907)
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
