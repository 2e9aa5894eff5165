// abi_checks.c - checks of what the host passes in. The setting ABI: abort (default), fail (-1), or real (no checks:
// garbage is used as it is and crashes where the vendor's library would).
#include "sim.h"
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The kernel reads the bytes for us: a pipe takes them, or says EFAULT. At most one page at a time.
static bool readable(const void *p, size_t len)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int fds[2] = {-1, -1};
    char sink[4096];
    bool ok = p != NULL;
    pthread_mutex_lock(&lock);
    if (fds[0] < 0 && pipe2(fds, O_CLOEXEC))
        fds[0] = -1;
    for (const char *at = p; ok && len && fds[0] >= 0;) {
        size_t n = len < sizeof sink ? len : sizeof sink;
        ssize_t put = write(fds[1], at, n);
        ok = put > 0 && read(fds[0], sink, (size_t)put) == put;
        at += ok ? put : 0;
        len -= ok ? (size_t)put : 0;
    }
    pthread_mutex_unlock(&lock);
    return ok;
}

static bool text_ok(const char *s)
{
    while (readable(s, 1)) {
        size_t rest = 4096 - ((uintptr_t)s & 4095);     // one readable byte: the whole page is
        if (memchr(s, 0, rest))
            return true;
        s += rest;
    }
    return false;
}

// -1 unknown, 0 data, 1 code
static int executable(const void *p)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512], mode[8];
    unsigned long begin, end;
    int found = -1;
    while (maps && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx %7s", &begin, &end, mode) == 3 && (uintptr_t)p >= begin && (uintptr_t)p < end)
            found = mode[2] == 'x';
    if (maps)
        fclose(maps);
    return found;
}

static bool in(float v, float low, float high) { return isfinite(v) && v >= low && v <= high; }
static bool is_bool(const bool *b) { return *(const unsigned char *)b < 2; }

#define CHECK(condition, ...) \
    do { \
        if (!(condition)) { \
            violation(__VA_ARGS__); \
            return false; \
        } \
    } while (0)

bool police_text(const char *text, const char *what)
{
    if (violation_mode() == VIOLATION_UNCHECKED)
        return true;
    CHECK(text_ok(text), "%s is not a readable string", what);
    return true;
}

bool police_handle(const void *h, const char *call)
{
    if (violation_mode() == VIOLATION_UNCHECKED)
        return true;
    CHECK(h, "%s: handle is NULL", call);
    CHECK(handle_known(h), "%s: handle %p was never returned by rkllm_init or was destroyed", call, h);
    return true;
}

static bool sampling_ok(int top_k, float top_p, float temperature, float repeat, float frequency, float presence,
                        int mirostat, float tau, float eta)
{
    CHECK(top_k >= 0 && top_k <= 1 << 20, "top_k is %d", top_k);
    CHECK(in(top_p, 0, 1), "top_p is %g", (double)top_p);
    CHECK(in(temperature, 0, 100), "temperature is %g", (double)temperature);
    CHECK(in(repeat, 0, 100), "repeat_penalty is %g", (double)repeat);
    CHECK(in(frequency, -2, 2), "frequency_penalty is %g", (double)frequency);
    CHECK(in(presence, -2, 2), "presence_penalty is %g", (double)presence);
    CHECK(mirostat >= 0 && mirostat <= 2, "mirostat is %d", mirostat);
    CHECK(in(tau, 0, 1000), "mirostat_tau is %g", (double)tau);
    CHECK(in(eta, 0, 1000), "mirostat_eta is %g", (double)eta);
    return true;
}

bool police_init(const void *out, const RKLLMParam *p, const void *third)
{
    if (violation_mode() == VIOLATION_UNCHECKED)
        return true;
    CHECK(readable(out, sizeof(LLMHandle)), "rkllm_init: handle pointer %p is not readable", out);
    CHECK(readable(p, sizeof *p), "rkllm_init: param %p is not readable", (const void *)p);
    CHECK(readable(third, 1), "rkllm_init: third argument %p is not readable", third);
#if SIM_ABI >= 10300
    CHECK(executable(third) != 1, "rkllm_init: third argument is a function, this version wants an RKLLMCallback");
    CHECK(readable(third, sizeof(RKLLMCallback)), "rkllm_init: RKLLMCallback is not readable");
    const RKLLMCallback *c = third;
    CHECK(executable((void *)c->result_callback) != 0, "RKLLMCallback.result_callback is not code");
    CHECK(!c->tokenizer_callback || executable((void *)c->tokenizer_callback), "tokenizer_callback is not code");
    CHECK(!c->embed_callback || executable((void *)c->embed_callback), "embed_callback is not code");
    CHECK(is_bool(&p->ignore_eos_token), "ignore_eos_token is neither 0 nor 1");
#else
    CHECK(executable(third) != 0, "rkllm_init: third argument is data, this version wants a function");
    CHECK(!p->img_start || text_ok(p->img_start), "img_start is not a readable string");
    CHECK(!p->img_end || text_ok(p->img_end), "img_end is not a readable string");
    CHECK(!p->img_content || text_ok(p->img_content), "img_content is not a readable string");
#endif
    CHECK(text_ok(p->model_path), "model_path is not a readable string");
    CHECK(p->max_context_len > 0 && p->max_context_len <= 1 << 20, "max_context_len is %d", p->max_context_len);
    CHECK(p->max_new_tokens >= -1 && p->max_new_tokens <= 1 << 24, "max_new_tokens is %d", p->max_new_tokens);
    if (!sampling_ok(p->top_k, p->top_p, p->temperature, p->repeat_penalty, p->frequency_penalty, p->presence_penalty,
                     p->mirostat, p->mirostat_tau, p->mirostat_eta))
        return false;
    CHECK(is_bool(&p->skip_special_token) && is_bool(&p->is_async), "a bool is neither 0 nor 1");
    const RKLLMExtendParam *e = &p->extend_param;
    CHECK(e->base_domain_id >= 0 && e->base_domain_id < 64, "base_domain_id is %d", e->base_domain_id);
#if SIM_ABI >= 10200
    CHECK(p->n_keep >= -1 && p->n_keep <= p->max_context_len, "n_keep is %d", p->n_keep);
    CHECK(e->embed_flash == 0 || e->embed_flash == 1, "embed_flash is %d", e->embed_flash);
    CHECK(e->enabled_cpus_num >= 1 && e->enabled_cpus_num <= 8, "enabled_cpus_num is %d", e->enabled_cpus_num);
    CHECK(e->enabled_cpus_mask <= 0xff && (!e->enabled_cpus_mask ||
          __builtin_popcount(e->enabled_cpus_mask) == e->enabled_cpus_num),
          "enabled_cpus_mask 0x%x does not hold %d cpus", e->enabled_cpus_mask, e->enabled_cpus_num);
#endif
#if SIM_ABI >= 10201
    CHECK(e->n_batch >= 1 && e->n_batch <= 32, "n_batch is %d", e->n_batch);
    CHECK(e->use_cross_attn == 0 || e->use_cross_attn == 1, "use_cross_attn is %d", e->use_cross_attn);
#endif
    RKLLMParam given = default_param();
    CHECK(!memcmp(e->reserved, given.extend_param.reserved, sizeof e->reserved),
          "reserved bytes differ from those rkllm_createDefaultParam gave");
    return true;
}

static bool input_ok(const Handle *h, const RKLLMInput *i)
{
    CHECK((unsigned)i->input_type <= RKLLM_INPUT_MULTIMODAL, "input_type is %u", (unsigned)i->input_type);
#if SIM_ABI >= 10201
    CHECK(!i->role || (text_ok(i->role) && (!strcmp(i->role, "user") || !strcmp(i->role, "tool"))),
          "role is neither NULL, user nor tool");
    CHECK(is_bool(&i->enable_thinking), "enable_thinking is neither 0 nor 1");
#endif
    size_t row = (size_t)h->model.embd * sizeof(float);
    switch (i->input_type) {
    case RKLLM_INPUT_PROMPT:
        CHECK(text_ok(i->prompt_input), "prompt_input is not a readable string");
        break;
    case RKLLM_INPUT_TOKEN:
        CHECK(i->token_input.n_tokens > 0 && i->token_input.n_tokens < 1u << 24, "token_input.n_tokens is %zu",
              i->token_input.n_tokens);
        CHECK(readable(i->token_input.input_ids, i->token_input.n_tokens * 4), "input_ids are not readable");
        for (size_t k = 0; k < i->token_input.n_tokens; k++)
            CHECK(i->token_input.input_ids[k] >= 0, "input_ids[%zu] is %d", k, i->token_input.input_ids[k]);
        break;
    case RKLLM_INPUT_EMBED:
        CHECK(i->embed_input.n_tokens > 0 && i->embed_input.n_tokens < 1u << 20, "embed_input.n_tokens is %zu",
              i->embed_input.n_tokens);
        CHECK(readable(i->embed_input.embed, i->embed_input.n_tokens * row), "embed is not readable");
        break;
    case RKLLM_INPUT_MULTIMODAL:
        CHECK(text_ok(i->multimodal_input.prompt), "multimodal prompt is not a readable string");
        break;
    }
    return true;
}

bool police_run(const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer)
{
    if (violation_mode() == VIOLATION_UNCHECKED)
        return true;
    CHECK(readable(input, sizeof *input * (size_t)h->n_batch), "rkllm_run: input is not readable");
    CHECK(readable(infer, sizeof *infer), "rkllm_run: infer params are not readable");
    CHECK((unsigned)infer->mode <= (SIM_ABI >= 10200 ? 2 : 1), "mode is %u", (unsigned)infer->mode);
    CHECK(!infer->lora_params || (readable(infer->lora_params, sizeof *infer->lora_params) &&
          text_ok(infer->lora_params->lora_adapter_name)), "lora_params is not readable");
    const RKLLMPromptCacheParam *cache = infer->prompt_cache_params;
    CHECK(!cache || (readable(cache, sizeof *cache) && (!cache->prompt_cache_path || text_ok(cache->prompt_cache_path))),
          "prompt_cache_params is not readable");
    CHECK(!cache || cache->save_prompt_cache == 0 || cache->save_prompt_cache == 1, "save_prompt_cache is %d",
          cache->save_prompt_cache);
#if SIM_ABI >= 10300
    const RKLLMSamplingParam *s = infer->sampling_params;
    CHECK(!s || readable(s, sizeof *s), "sampling_params %p is not readable", (const void *)s);
    if (s && !sampling_ok(s->top_k, s->top_p, s->temperature, s->repeat_penalty, s->frequency_penalty, s->presence_penalty,
                          s->mirostat, s->mirostat_tau, s->mirostat_eta))
        return false;
    CHECK(infer->max_new_tokens <= 1 << 24, "max_new_tokens is %d", infer->max_new_tokens);
#endif
#if SIM_ABI >= 10200
    CHECK(infer->keep_history == 0 || infer->keep_history == 1, "keep_history is %d", infer->keep_history);
#endif
    for (int i = 0; i < h->n_batch; i++)
        if (!input_ok(h, &input[i]))
            return false;
    return true;
}
