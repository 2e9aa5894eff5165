/* Checks what a caller hands over: the reason this simulator exists. Not linked into 1.0.1. */
#include "sim.h"
#include <math.h>
#include <stdarg.h>
#include <unistd.h>

int broken(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("E rkllm: STANDIN ABI: ", stdout);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
    if (strcmp(env("RKLLM_STANDIN_ABI", "abort"), "abort") == 0) {
        fflush(stdout);
        abort();
    }
    if (strcmp(env("RKLLM_STANDIN_ABI", "abort"), "real") == 0)
        crash();
    return -1;
}

/* Whether a byte can be read, without touching it: the kernel answers EFAULT instead of a signal. */
static bool readable(const void *p)
{
    if (!p)
        return false;
    int ends[2];
    if (pipe(ends) != 0)
        return true;
    bool yes = write(ends[1], p, 1) == 1;
    close(ends[0]);
    close(ends[1]);
    return yes;
}

static bool in_range(float value, float low, float high)
{
    return isfinite(value) && value >= low && value <= high;
}

static const char *bad_sampling(int top_k, float top_p, float temperature, float repeat, float frequency, float presence, int mirostat, float tau, float eta)
{
    return top_k < 0 || top_k > 1000000 ? "top_k"
         : !in_range(top_p, 0, 1) ? "top_p"
         : !in_range(temperature, 0, 100) ? "temperature"
         : !in_range(repeat, 0, 100) ? "repeat_penalty"
         : !in_range(frequency, -2, 2) ? "frequency_penalty"
         : !in_range(presence, -2, 2) ? "presence_penalty"
         : mirostat < 0 || mirostat > 2 ? "mirostat"
         : !in_range(tau, 0, 1000) ? "mirostat_tau"
         : !in_range(eta, 0, 1000) ? "mirostat_eta"
         : NULL;
}

static bool is_bool(const bool *b)
{
    return *(const uint8_t *)b <= 1;
}

int check_init(LLMHandle *handle, const RKLLMParam *p, void *callback)
{
    if (!handle || !readable(p) || !callback)
        return broken("rkllm_init: a pointer is NULL or cannot be read");
    if (!readable(p->model_path))
        return broken("rkllm_init: model_path cannot be read");
    if (p->max_context_len <= 0 || p->max_context_len > 1 << 20 || p->max_new_tokens == 0 || p->max_new_tokens > 1 << 20)
        return broken("rkllm_init: max_context_len %d, max_new_tokens %d", p->max_context_len, p->max_new_tokens);
    const char *bad = bad_sampling(p->top_k, p->top_p, p->temperature, p->repeat_penalty, p->frequency_penalty, p->presence_penalty, p->mirostat, p->mirostat_tau, p->mirostat_eta);
    if (bad)
        return broken("rkllm_init: %s is out of range", bad);
    if (!is_bool(&p->skip_special_token) || !is_bool(&p->is_async))
        return broken("rkllm_init: a bool is neither 0 nor 1");
#if RKSIM_ABI >= 120
    int cpus = p->extend_param.enabled_cpus_num;
    if (cpus < 1 || cpus > 8 || p->extend_param.enabled_cpus_mask > 0xFF || __builtin_popcount(p->extend_param.enabled_cpus_mask) != cpus)
        return broken("rkllm_init: enabled_cpus_num %d does not fit mask 0x%x", cpus, p->extend_param.enabled_cpus_mask);
    if (p->extend_param.embed_flash < 0 || p->extend_param.embed_flash > 1)
        return broken("rkllm_init: embed_flash is neither 0 nor 1");
#endif
#if RKSIM_ABI >= 121
    if (p->extend_param.n_batch < 1 || p->extend_param.n_batch > 8)
        return broken("rkllm_init: n_batch %d", p->extend_param.n_batch);
#endif
    if (p->extend_param.base_domain_id < 0 || p->extend_param.base_domain_id > 15)
        return broken("rkllm_init: base_domain_id %d", p->extend_param.base_domain_id);
    RKLLMParam expected;
    default_param(&expected);
    if (memcmp(p->extend_param.reserved, expected.extend_param.reserved, sizeof expected.extend_param.reserved) != 0)
        return broken("rkllm_init: reserved bytes are not what rkllm_createDefaultParam gave");
#if RKSIM_ABI >= 130
    const RKLLMCallback *c = callback;
    if (!readable(c) || !c->result_callback || (c->embed_callback && !readable((void *)c->embed_callback)))
        return broken("rkllm_init: the third argument is not an RKLLMCallback");
#endif
    return 0;
}

int check_run(sim *s, const RKLLMInput *input, const RKLLMInferParam *infer)
{
    if (!readable(input) || !readable(infer))
        return broken("rkllm_run: a pointer is NULL or cannot be read");
    if (input->input_type > INPUT_MULTIMODAL || infer->mode > (RKSIM_ABI == 110 ? INFER_LAST_HIDDEN : INFER_LOGITS))
        return broken("rkllm_run: input_type %u, mode %u", input->input_type, infer->mode);
    if (input->input_type == INPUT_PROMPT && !readable(input->prompt_input))
        return broken("rkllm_run: prompt_input cannot be read");
    if (input->input_type == INPUT_TOKEN && (!readable(input->token_input.input_ids) || input->token_input.n_tokens == 0 || input->token_input.n_tokens > 1 << 20))
        return broken("rkllm_run: token_input has %zu tokens", input->token_input.n_tokens);
    if (infer->lora_params && !readable(infer->lora_params))
        return broken("rkllm_run: lora_params cannot be read");
    if (infer->prompt_cache_params && !readable(infer->prompt_cache_params))
        return broken("rkllm_run: prompt_cache_params cannot be read");
#if RKSIM_ABI >= 121
    if (!is_bool(&input->enable_thinking))
        return broken("rkllm_run: enable_thinking is neither 0 nor 1");
    if (input->role && (!readable(input->role) || (strcmp(input->role, "user") != 0 && strcmp(input->role, "tool") != 0)))
        return broken("rkllm_run: role is neither NULL, user nor tool");
#endif
#if RKSIM_ABI >= 120
    if (infer->keep_history != 0 && infer->keep_history != 1)
        return broken("rkllm_run: keep_history is %d", infer->keep_history);
#endif
#if RKSIM_ABI >= 130
    const RKLLMSamplingParam *p = infer->sampling_params;
    if (p) {
        if (!readable(p))
            return broken("rkllm_run: sampling_params cannot be read");
        const char *bad = bad_sampling(p->top_k, p->top_p, p->temperature, p->repeat_penalty, p->frequency_penalty, p->presence_penalty, p->mirostat, p->mirostat_tau, p->mirostat_eta);
        if (bad)
            return broken("rkllm_run: %s is out of range", bad);
    }
    if (infer->max_new_tokens > 1 << 20)
        return broken("rkllm_run: max_new_tokens is %d", infer->max_new_tokens);
#endif
    (void)s;
    return 0;
}
