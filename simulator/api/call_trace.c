// call_trace.c - see call_trace.h.
#include "api/call_trace.h"
#include "abi/facts.h"
#include "base/trace.h"
#include "run/request.h"

static void put_sampling(Buf *b, const Sampling *s)
{
    trace_int(b, "top_k", s->top_k);
    trace_float(b, "top_p", (double)s->top_p);
    trace_float(b, "temperature", (double)s->temperature);
    trace_float(b, "repeat_penalty", (double)s->repeat_penalty);
    trace_float(b, "frequency_penalty", (double)s->frequency_penalty);
    trace_float(b, "presence_penalty", (double)s->presence_penalty);
    trace_int(b, "mirostat", s->mirostat);
    trace_float(b, "mirostat_tau", (double)s->mirostat_tau);
    trace_float(b, "mirostat_eta", (double)s->mirostat_eta);
}

// Writes only the fields that this version has.
static void put_param_fields(Buf *b, const ParamFields *f)
{
    if (abi_facts->cpu_fields) {
        trace_int(b, "n_keep", f->n_keep);
        trace_int(b, "embed_flash", f->embed_flash);
        trace_int(b, "enabled_cpus_num", f->cpu_count);
        trace_int(b, "enabled_cpus_mask", f->cpu_mask);
    }
    if (abi_facts->batch_fields) {
        trace_int(b, "n_batch", f->n_batch);
        trace_int(b, "use_cross_attn", f->cross_attn);
    }
    if (abi_facts->run_fields)
        trace_int(b, "ignore_eos_token", f->ignore_eos);
}

void trace_init(const RKLLMParam *p, InitCallback third)
{
    if (!trace_on())
        return;
    Buf b = {0};
    Sampling sampling = param_sampling(p);
    ParamFields more = param_fields(p);
    trace_begin(&b, "rkllm_init");
    trace_text(&b, "model_path", p->model_path);
    trace_int(&b, "max_context_len", p->max_context_len);
    trace_int(&b, "max_new_tokens", p->max_new_tokens);
    put_sampling(&b, &sampling);
    trace_int(&b, "skip_special_token", p->skip_special_token);
    trace_int(&b, "is_async", p->is_async);
    trace_int(&b, "base_domain_id", p->extend_param.base_domain_id);
    put_param_fields(&b, &more);
    if (abi_facts->callback_struct)
        trace_hex(&b, "callback_raw", (const void *)third, (size_t)abi_facts->callback_struct);
    trace_hex(&b, "param_raw", p, sizeof *p);
    trace_end(&b);
}

void trace_run(const char *call, const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer,
               const void *userdata)
{
    if (!trace_on())
        return;
    Request q = request_read(h, input, infer, NULL);
    InferFields more = infer_fields(infer);
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
    if (q.type == RKLLM_INPUT_MULTIMODAL) {
        trace_int(&b, "n_image", (long long)q.n_image);
        trace_int(&b, "n_image_tokens", (long long)q.n_image_tokens);
        trace_int(&b, "image_width", (long long)q.image_width);
        trace_int(&b, "image_height", (long long)q.image_height);
        trace_text(&b, "image_start", q.image_start);
        trace_text(&b, "image_end", q.image_end);
        trace_text(&b, "image_content", q.image_content);
    }
    trace_int(&b, "mode", q.mode);
    trace_text(&b, "lora", q.lora);
    trace_int(&b, "save_prompt_cache", q.save_cache);
    trace_text(&b, "prompt_cache_path", q.cache_path);
    trace_int(&b, "keep_history", q.keep_history);
    trace_int(&b, "has_userdata", userdata != NULL);
    if (abi_facts->run_fields)
        trace_int(&b, "max_new_tokens", more.max_new_tokens);
    if (more.sampling) {
        put_sampling(&b, more.sampling);
        trace_hex(&b, "sampling_raw", more.sampling, sizeof *more.sampling);
    }
    trace_hex(&b, "input_raw", input, sizeof *input);
    trace_hex(&b, "infer_raw", infer, sizeof *infer);
    trace_end(&b);
}
