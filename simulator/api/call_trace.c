// call_trace.c - what the host passed to rkllm_init and rkllm_run, decoded and raw.
#include "sim.h"

void trace_init(const RKLLMParam *p, const void *third)
{
    if (!trace_on())
        return;
    Buf b = {0};
    trace_begin(&b, "rkllm_init");
    trace_text(&b, "model_path", p->model_path);
    trace_int(&b, "max_context_len", p->max_context_len);
    trace_int(&b, "max_new_tokens", p->max_new_tokens);
    trace_int(&b, "top_k", p->top_k);
    trace_float(&b, "top_p", (double)p->top_p);
    trace_float(&b, "temperature", (double)p->temperature);
    trace_float(&b, "repeat_penalty", (double)p->repeat_penalty);
    trace_float(&b, "frequency_penalty", (double)p->frequency_penalty);
    trace_float(&b, "presence_penalty", (double)p->presence_penalty);
    trace_int(&b, "mirostat", p->mirostat);
    trace_float(&b, "mirostat_tau", (double)p->mirostat_tau);
    trace_float(&b, "mirostat_eta", (double)p->mirostat_eta);
    trace_int(&b, "skip_special_token", p->skip_special_token);
    trace_int(&b, "is_async", p->is_async);
    trace_int(&b, "base_domain_id", p->extend_param.base_domain_id);
#if SIM_ABI >= 10200
    trace_int(&b, "n_keep", p->n_keep);
    trace_int(&b, "embed_flash", p->extend_param.embed_flash);
    trace_int(&b, "enabled_cpus_num", p->extend_param.enabled_cpus_num);
    trace_int(&b, "enabled_cpus_mask", p->extend_param.enabled_cpus_mask);
#endif
#if SIM_ABI >= 10201
    trace_int(&b, "n_batch", p->extend_param.n_batch);
    trace_int(&b, "use_cross_attn", p->extend_param.use_cross_attn);
#endif
#if SIM_ABI >= 10300
    trace_int(&b, "ignore_eos_token", p->ignore_eos_token);
    trace_hex(&b, "callback_raw", third, sizeof(RKLLMCallback));
#else
    (void)third;
#endif
    trace_hex(&b, "param_raw", p, sizeof *p);
    trace_end(&b);
}

void trace_run(const char *call, const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer,
               const void *userdata)
{
    if (!trace_on())
        return;
    Request q = request_read(h, input, infer, NULL);
    Buf b = {0};
    trace_begin(&b, call);
    trace_text(&b, "role", q.role);
    trace_int(&b, "enable_thinking", q.thinking);
    trace_int(&b, "input_type", q.type);
    if (q.text)
        trace_text(&b, "text", q.text);
    if (q.tokens_given)
        trace_ids(&b, "tokens", q.ids, q.n_ids);
    if (q.embed)
        trace_int(&b, "embed_tokens", (long long)q.n_embed);
    trace_int(&b, "mode", q.mode);
    trace_text(&b, "lora", q.lora);
    trace_int(&b, "save_prompt_cache", q.save_cache);
    trace_text(&b, "prompt_cache_path", q.cache_path);
    trace_int(&b, "keep_history", q.keep_history);
    trace_int(&b, "has_userdata", userdata != NULL);
#if SIM_ABI >= 10300
    trace_int(&b, "max_new_tokens", infer->max_new_tokens);
    const RKLLMSamplingParam *s = infer->sampling_params;
    if (s) {
        trace_int(&b, "top_k", s->top_k);
        trace_float(&b, "top_p", (double)s->top_p);
        trace_float(&b, "temperature", (double)s->temperature);
        trace_float(&b, "repeat_penalty", (double)s->repeat_penalty);
        trace_float(&b, "frequency_penalty", (double)s->frequency_penalty);
        trace_float(&b, "presence_penalty", (double)s->presence_penalty);
        trace_int(&b, "mirostat", s->mirostat);
        trace_float(&b, "mirostat_tau", (double)s->mirostat_tau);
        trace_float(&b, "mirostat_eta", (double)s->mirostat_eta);
        trace_hex(&b, "sampling_raw", s, sizeof *s);
    }
#endif
    trace_hex(&b, "input_raw", input, sizeof *input);
    trace_hex(&b, "infer_raw", infer, sizeof *infer);
    trace_end(&b);
}
