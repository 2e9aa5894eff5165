// abi_checks.c - see abi_checks.h.
#include "api/abi_checks.h"
#include "abi/facts.h"
#include "api/defaults.h"
#include "base/memory.h"
#include "base/violation.h"
#include <math.h>
#include <string.h>

// If the condition is false, reports a violation and returns false from the calling function.
#define CHECK(condition, ...) \
    do { \
        if (!(condition)) { \
            violation(__VA_ARGS__); \
            return false; \
        } \
    } while (0)

static bool unchecked(void) { return violation_mode() == VIOLATION_UNCHECKED; }
static bool in_range(float v, float low, float high) { return isfinite(v) && v >= low && v <= high; }
static bool is_bool(const bool *b) { return *(const unsigned char *)b < 2; }
static bool null_or_text(const char *s) { return !s || readable_text(s); }

bool check_text(const char *text, const char *what)
{
    if (unchecked())
        return true;
    CHECK(readable_text(text), "%s is not a readable string", what);
    return true;
}

bool check_handle(const void *h, const char *call)
{
    if (unchecked())
        return true;
    CHECK(h, "%s: handle is NULL", call);
    CHECK(handle_known(h), "%s: handle %p was never returned by rkllm_init or was destroyed", call, h);
    return true;
}

static bool check_sampling(const Sampling *s)
{
    CHECK(s->top_k >= 0 && s->top_k <= 1 << 20, "top_k is %d", s->top_k);
    CHECK(in_range(s->top_p, 0, 1), "top_p is %g", (double)s->top_p);
    CHECK(in_range(s->temperature, 0, 100), "temperature is %g", (double)s->temperature);
    CHECK(in_range(s->repeat_penalty, 0, 100), "repeat_penalty is %g", (double)s->repeat_penalty);
    CHECK(in_range(s->frequency_penalty, -2, 2), "frequency_penalty is %g", (double)s->frequency_penalty);
    CHECK(in_range(s->presence_penalty, -2, 2), "presence_penalty is %g", (double)s->presence_penalty);
    CHECK(s->mirostat >= 0 && s->mirostat <= 2, "mirostat is %d", s->mirostat);
    CHECK(in_range(s->mirostat_tau, 0, 1000), "mirostat_tau is %g", (double)s->mirostat_tau);
    CHECK(in_range(s->mirostat_eta, 0, 1000), "mirostat_eta is %g", (double)s->mirostat_eta);
    return true;
}

static bool check_function(InitCallback third)
{
    CHECK(mapping((const void *)third) != MAPPING_DATA, "rkllm_init: third argument is data, this version wants a function");
    return true;
}

static bool check_callback_struct(InitCallback third)
{
    CHECK(mapping((const void *)third) != MAPPING_CODE,
          "rkllm_init: third argument is a function, this version wants an RKLLMCallback");
    CHECK(readable((const void *)third, (size_t)abi_facts->callback_struct), "rkllm_init: RKLLMCallback is not readable");
    Callbacks c = callbacks_read(third);
    CHECK(mapping(c.result) != MAPPING_DATA, "RKLLMCallback.result_callback is not code");
    CHECK(!c.tokenizer || mapping((const void *)c.tokenizer) != MAPPING_DATA, "tokenizer_callback is not code");
    CHECK(!c.embed || mapping((const void *)c.embed) != MAPPING_DATA, "embed_callback is not code");
    return true;
}

static bool check_param_fields(const RKLLMParam *p)
{
    ParamFields f = param_fields(p);
    CHECK(null_or_text(f.image_start), "img_start is not a readable string");
    CHECK(null_or_text(f.image_end), "img_end is not a readable string");
    CHECK(null_or_text(f.image_content), "img_content is not a readable string");
    CHECK(f.ignore_eos < 2, "ignore_eos_token is neither 0 nor 1");
    CHECK(f.n_keep >= -1 && f.n_keep <= p->max_context_len, "n_keep is %d", f.n_keep);
    CHECK(f.embed_flash == 0 || f.embed_flash == 1, "embed_flash is %d", f.embed_flash);
    CHECK(f.cpu_count >= 1 && f.cpu_count <= 8, "enabled_cpus_num is %d", f.cpu_count);
    CHECK(f.cpu_mask <= 0xff && (!f.cpu_mask || __builtin_popcount(f.cpu_mask) == f.cpu_count),
          "enabled_cpus_mask 0x%x does not hold %d cpus", f.cpu_mask, f.cpu_count);
    CHECK(f.n_batch >= 1 && f.n_batch <= MAX_BATCH, "n_batch is %d", f.n_batch);
    CHECK(f.cross_attn == 0 || f.cross_attn == 1, "use_cross_attn is %d", f.cross_attn);
    return true;
}

static bool check_param(const RKLLMParam *p)
{
    Sampling sampling = param_sampling(p);
    CHECK(readable_text(p->model_path), "model_path is not a readable string");
    CHECK(p->max_context_len > 0 && p->max_context_len <= 1 << 20, "max_context_len is %d", p->max_context_len);
    CHECK(p->max_new_tokens >= -1 && p->max_new_tokens <= 1 << 24, "max_new_tokens is %d", p->max_new_tokens);
    if (!check_sampling(&sampling))
        return false;
    CHECK(is_bool(&p->skip_special_token) && is_bool(&p->is_async), "a bool is neither 0 nor 1");
    const RKLLMExtendParam *e = &p->extend_param;
    CHECK(e->base_domain_id >= 0 && e->base_domain_id < 64, "base_domain_id is %d", e->base_domain_id);
    if (!check_param_fields(p))
        return false;
    RKLLMParam given = default_param();
    CHECK(!memcmp(e->reserved, given.extend_param.reserved, sizeof e->reserved),
          "reserved bytes differ from those rkllm_createDefaultParam gave");
    return true;
}

bool check_init(const void *out, const RKLLMParam *p, InitCallback third)
{
    if (unchecked())
        return true;
    CHECK(readable(out, sizeof(LLMHandle)), "rkllm_init: handle pointer %p is not readable", out);
    CHECK(readable(p, sizeof *p), "rkllm_init: param %p is not readable", (const void *)p);
    CHECK(readable((const void *)third, 1), "rkllm_init: third argument %p is not readable", (const void *)third);
    return (abi_facts->callback_struct ? check_callback_struct(third) : check_function(third)) && check_param(p);
}

static bool check_tokens(const RKLLMTokenInput *t)
{
    CHECK(t->n_tokens > 0 && t->n_tokens < 1u << 24, "token_input.n_tokens is %zu", t->n_tokens);
    CHECK(readable(t->input_ids, t->n_tokens * 4), "input_ids are not readable");
    for (size_t k = 0; k < t->n_tokens; k++)
        CHECK(t->input_ids[k] >= 0, "input_ids[%zu] is %d", k, t->input_ids[k]);
    return true;
}

static bool check_embed(const RKLLMEmbedInput *e, size_t row)
{
    CHECK(e->n_tokens > 0 && e->n_tokens < 1u << 20, "embed_input.n_tokens is %zu", e->n_tokens);
    CHECK(readable(e->embed, e->n_tokens * row), "embed is not readable");
    return true;
}

// Reads exactly the floats that the host must give: a row for each token, with the values of all outputs of the encoder.
static bool check_images(const Handle *h, const char *prompt, const InputFields *f)
{
    size_t rows = f->n_image * f->n_image_tokens, row = (size_t)(h->model.embd * h->model.image_outputs) * sizeof(float);
    const char *content = f->image_content ? f->image_content : h->image_content;
    CHECK(readable_text(prompt), "multimodal prompt is not a readable string");
    CHECK(f->n_image < 1000 && f->n_image_tokens < 1u << 20, "n_image is %zu, n_image_tokens is %zu", f->n_image, f->n_image_tokens);
    CHECK(!f->image_embed || readable(f->image_embed, rows * row), "image_embed has less than %zu rows of %zu bytes", rows, row);
    CHECK(null_or_text(f->image_start) && null_or_text(f->image_end) && null_or_text(f->image_content),
          "a string of the image is not readable");
    CHECK(content && *content, "the content string of images is not set");
    return true;
}

static bool check_input(const Handle *h, const RKLLMInput *input)
{
    InputFields f = input_fields(input);
    CHECK((unsigned)input->input_type <= RKLLM_INPUT_MULTIMODAL, "input_type is %u", (unsigned)input->input_type);
    CHECK(!f.role || (readable_text(f.role) && (!strcmp(f.role, "user") || !strcmp(f.role, "tool"))),
          "role is neither NULL, user nor tool");
    CHECK(f.thinking < 2, "enable_thinking is neither 0 nor 1");
    switch (input->input_type) {
    case RKLLM_INPUT_PROMPT:
        CHECK(readable_text(input->prompt_input), "prompt_input is not a readable string");
        return true;
    case RKLLM_INPUT_TOKEN:
        return check_tokens(&input->token_input);
    case RKLLM_INPUT_EMBED:
        return check_embed(&input->embed_input, (size_t)h->model.embd * sizeof(float));
    case RKLLM_INPUT_MULTIMODAL:
        return check_images(h, input->multimodal_input.prompt, &f);
    }
    return true;
}

static bool check_infer(const RKLLMInferParam *infer)
{
    const RKLLMLoraParam *lora = infer->lora_params;
    const RKLLMPromptCacheParam *cache = infer->prompt_cache_params;
    InferFields f = infer_fields(infer);
    CHECK((unsigned)infer->mode <= (unsigned)abi_facts->highest_mode, "mode is %u", (unsigned)infer->mode);
    CHECK(!lora || (readable(lora, sizeof *lora) && readable_text(lora->lora_adapter_name)), "lora_params is not readable");
    CHECK(!cache || (readable(cache, sizeof *cache) && null_or_text(cache->prompt_cache_path)),
          "prompt_cache_params is not readable");
    CHECK(!cache || cache->save_prompt_cache == 0 || cache->save_prompt_cache == 1, "save_prompt_cache is %d",
          cache->save_prompt_cache);
    CHECK(!f.sampling || readable(f.sampling, sizeof *f.sampling), "sampling_params %p is not readable",
          (const void *)f.sampling);
    if (f.sampling && !check_sampling(f.sampling))
        return false;
    CHECK(f.max_new_tokens <= 1 << 24, "max_new_tokens is %d", f.max_new_tokens);
    CHECK(f.keep_history == 0 || f.keep_history == 1, "keep_history is %d", f.keep_history);
    return true;
}

bool check_run(const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer)
{
    if (unchecked())
        return true;
    CHECK(readable(input, sizeof *input * (size_t)h->n_batch), "rkllm_run: input is not readable");
    CHECK(readable(infer, sizeof *infer), "rkllm_run: infer params are not readable");
    if (!check_infer(infer))
        return false;
    for (int i = 0; i < h->n_batch; i++)
        if (!check_input(h, &input[i]))
            return false;
    return true;
}
