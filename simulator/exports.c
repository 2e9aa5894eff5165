/* The functions of librkllmrt.so, exactly those that this version has. */
#include "sim.h"
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* What third parties look for in the file, and the inner library's version that must not be mistaken for it. */
#ifdef RKSIM_MARKER
static const char marker[] __attribute__((used)) = "RKLLM SDK (version: " RKSIM_MARKER " | target: Linux | build: standin)";
#endif
static const char decoy[] __attribute__((used)) = "rknn llm lib version: 2.3.3b0";

#if RKSIM_ABI == 100

EXPORT RKLLMParam rkllm_createDefaultParam(void) { return (RKLLMParam){{0}}; }
EXPORT int rkllm_init(LLMHandle *h, RKLLMParam p, LLMResultCallback c) { (void)h, (void)p, (void)c; abort(); }
EXPORT int rkllm_run(LLMHandle h, const char *prompt, void *u) { (void)h, (void)prompt, (void)u; abort(); }
EXPORT int rkllm_destroy(LLMHandle h) { (void)h; abort(); }
EXPORT int rkllm_abort(LLMHandle h) { (void)h; abort(); }

#else

void default_param(RKLLMParam *p)
{
    /* A real library leaves padding and reserved bytes as they come; "dirty" proves that nobody looks at them. */
    if (strcmp(env("RKLLM_STANDIN_PADDING", ""), "dirty") != 0)
        memset(p, 0, sizeof *p);
    else
        memset(p, 0xA5, sizeof *p);
    p->model_path = NULL;
    p->max_context_len = 512;
    p->max_new_tokens = -1;
    p->top_k = 40;
    p->top_p = 0.9f;
    p->temperature = 0.8f;
    p->repeat_penalty = 1.1f;
    p->frequency_penalty = 0;
    p->presence_penalty = 0;
    p->mirostat = 0;
    p->mirostat_tau = 5;
    p->mirostat_eta = 0.1f;
    p->skip_special_token = false;
    p->is_async = false;
    p->extend_param.base_domain_id = 0;
#if RKSIM_ABI >= 120
    p->n_keep = 0;
    p->extend_param.embed_flash = 0;
    p->extend_param.enabled_cpus_num = 4;
    p->extend_param.enabled_cpus_mask = 0xF0;
    if (strcmp(env("RKLLM_STANDIN_DEFAULTS", ""), "odd") == 0) {
        p->extend_param.enabled_cpus_mask = 0;
        p->extend_param.enabled_cpus_num = 0;
    }
#endif
#if RKSIM_ABI >= 121
    p->extend_param.n_batch = 1;
    p->extend_param.use_cross_attn = 0;
#endif
#if RKSIM_ABI >= 130
    p->ignore_eos_token = false;
#else
    p->img_start = p->img_end = p->img_content = "";
#endif
}

EXPORT RKLLMParam rkllm_createDefaultParam(void)
{
    RKLLMParam p;
    default_param(&p);
    return p;
}

static void trace_init(const RKLLMParam *p)
{
    if (!trace_on())
        return;
    buffer b = {0};
    buffer_text(&b, ",\"model_path\":");
    buffer_json(&b, p->model_path, strlen(p->model_path));
    buffer_format(&b, ",\"max_context_len\":%d,\"max_new_tokens\":%d,\"top_k\":%d,\"top_p\":%g,\"temperature\":%g,\"repeat_penalty\":%g,\"frequency_penalty\":%g,\"presence_penalty\":%g,\"mirostat\":%d,\"mirostat_tau\":%g,\"mirostat_eta\":%g,\"skip_special_token\":%d,\"is_async\":%d,\"base_domain_id\":%d",
                  p->max_context_len, p->max_new_tokens, p->top_k, p->top_p, p->temperature, p->repeat_penalty, p->frequency_penalty, p->presence_penalty,
                  p->mirostat, p->mirostat_tau, p->mirostat_eta, p->skip_special_token, p->is_async, p->extend_param.base_domain_id);
#if RKSIM_ABI >= 120
    buffer_format(&b, ",\"n_keep\":%d,\"embed_flash\":%d,\"enabled_cpus_num\":%d,\"enabled_cpus_mask\":%u",
                  p->n_keep, p->extend_param.embed_flash, p->extend_param.enabled_cpus_num, p->extend_param.enabled_cpus_mask);
#endif
    trace_bytes(&b, "raw", p, sizeof *p);
    trace_line("rkllm_init", &b);
    free(b.data);
}

static const char *platform(void)
{
    return env("RKLLM_STANDIN_PLATFORM", "RK3588");
}

/* What every version prints first, and then of a load that goes well. */
static void say_version(const char *path)
{
    say("I rkllm: rkllm-runtime version: %s, rknpu driver version: %s, platform: %s", sim_version(), env("RKLLM_STANDIN_DRIVER", "0.9.8"), platform());
    if (strcmp(env("RKLLM_STANDIN_DRIVER", "0.9.8"), "0.9.7") < 0)
        say("W rkllm: Warning: Your rknpu driver version is too low, please upgrade to 0.9.7.");
    if (RKSIM_ABI >= 120)
        say("I rkllm: loading rkllm model from %s", path);
}

static void say_loaded(const model *m, const RKLLMParam *p)
{
#if RKSIM_ABI >= 120
    char dtype[64] = "";
    if (RKSIM_ABI >= 121)
        snprintf(dtype, sizeof dtype, ", model_dtype: %s", json_text(m->header, "dtype", "W8A8"));
    say("I rkllm: rkllm-toolkit version: %s, max_context_limit: %d, npu_core_num: %d, target_platform: %s%s",
        json_text(m->header, "toolkit_version", "1.2.3"), m->max_context_limit, (int)json_number(m->header, "npu_core_num", 3),
        json_text(m->header, "target_platform", "RK3588"), dtype);
    if (RKSIM_ABI == 120) {
        say("I rkllm: system_prompt: ");
        say("I rkllm: prompt_prefix: <|im_start|>user\\n");
        say("I rkllm: prompt_postfix: <|im_end|>\\n<|im_start|>assistant\\n");
    }
    char cpus[64] = "";
    for (int i = 0, n = 0; i < 8; i++)
        if (p->extend_param.enabled_cpus_mask >> i & 1)
            n += snprintf(cpus + n, sizeof cpus - (size_t)n, "%s%d", n ? ", " : "", i);
    say("I rkllm: Enabled cpus: [%s]", cpus);
    say("I rkllm: Enabled cpus num: %d", p->extend_param.enabled_cpus_num);
    if (log_level() >= 2)
        say("I rkllm: max_context_len: %d, max_new_tokens: %d, top_k: %d, top_p: %g, temperature: %g", p->max_context_len, p->max_new_tokens, p->top_k, p->top_p, p->temperature);
#else
    (void)m, (void)p;
#endif
}

/* Loads that go wrong, in the vendor's words. Returns false when nothing is wrong. */
static bool load_fails(const model *m, const char *bad_file, const RKLLMParam *p, int call)
{
#define WRONG(name) ((bad_file && strcmp(bad_file, name) == 0) || fault(m, NULL, name, call))
    if (fault(m, NULL, "init_hang", call))
        for (;;)
            pause();
    if (fault(m, NULL, "sigill", call))
        illegal_instruction();
    const char *slow = fault(m, NULL, "init_slow", call);
    if (slow)
        usleep((useconds_t)atoi(slow) * 1000);
    if (fault(m, NULL, "second_init_segv", call) && call >= 2)
        crash();

    if (WRONG("no_device"))
        say("E RKNN: failed to open rknpu module, need to insmod rknpu dirver!"), say("E RKNN: failed to open rknn device!");
    else if (WRONG("too_many_files"))
        say("E RKNN: failed to open rknn device! errno: 24, errstr: Too many open files");
    else if (WRONG("unknown_platform"))
        say("E rkllm: Platform error: must be either RK3588, RK3576, RV1126B, or RK3562. Your platform is unknown");
    else if (WRONG("bad_magic"))
        say(RKSIM_ABI == 110 ? "E RKNN: invalid rknn llm model magic" : "E rkllm: invalid rkllm model!");
    else if (WRONG("too_new"))
        say(": invalid magic characters"), say(": error: failed to load model");
    else if (WRONG("too_old"))
        say("Warning: The model version is too old, please convert it again with the latest toolkit");
    else if (WRONG("wrong_platform") || (m && strcmp(json_text(m->header, "target_platform", platform()), platform()) != 0))
        say("E rkllm: The model target_platform does not match!");
    else if (WRONG("npu_oom"))
        say("E RKNN: failed to allocate handle, ret: -1, errno: 14, errstr: Bad address"), say("E RKNN: failed to malloc npu memory, size: 233373696, flags: 0x2"), say("E RKNN: load model file error!");
    else if (m && (p->max_context_len > m->max_context_limit || WRONG("ctx_limit")))
        say("E rkllm: max_context[%d] must be less than the model's max_context_limit[%d]", p->max_context_len, m->max_context_limit);
    else
        return false;
#if RKSIM_ABI >= 120
    say("E rkllm: rkllm_init failed");
#endif
    return true;
#undef WRONG
}

EXPORT int rkllm_init(LLMHandle *handle, RKLLMParam *param, void *callback)
{
    int call = fault_count(AT_INIT);
    if (check_init(handle, param, callback) != 0)
        return -1;
    trace_init(param);
    say_version(param->model_path);
    const char *bad_file;
    model *m = model_open(param->model_path, &bad_file);
    bool broken_load = fault(m, NULL, "init0_broken", call) != NULL;
    if (load_fails(m, bad_file, param, call)) {
        model_close(m);
        /* 1.1 says 0 even then, and aborts at the first run. */
        if (RKSIM_ABI != 110)
            return -1;
        m = NULL, broken_load = true;
    } else if (broken_load) {
        say("E RKNN: invalid rknn llm model magic"), say("E RKNN: load model file error!"), say("E RKNN: rknn_init fail! ret=-1");
    } else {
        say_loaded(m, param);
    }

    sim *s = calloc(1, sizeof *s);
    s->magic = SIM_MAGIC;
    s->m = m;
    s->param = *param;
    s->param.model_path = NULL;
    s->broken_load = broken_load;
#if RKSIM_ABI >= 130
    s->callback = ((RKLLMCallback *)callback)->result_callback;
    s->userdata = ((RKLLMCallback *)callback)->result_userdata;
#else
    s->callback = (LLMResultCallback)callback;
#endif
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &clock);
    *handle = s;
    return 0;
}

/* NULL and a handle that was destroyed are programming errors of the caller. */
static sim *valid(LLMHandle handle, const char *function)
{
    sim *s = handle;
    if (s && s->magic == SIM_MAGIC)
        return s;
    broken("%s: not a live handle", function);
    return NULL;
}

EXPORT int rkllm_destroy(LLMHandle handle)
{
    sim *s = valid(handle, "rkllm_destroy");
    if (!s)
        return -1;
    trace_line("rkllm_destroy", NULL);
    int call = fault_count(AT_OTHER);
    if (fault(s->m, NULL, "destroy_hang", call))
        for (;;)
            pause();
    if (s->running && fault(s->m, NULL, "destroy_while_running_segv", call))
        crash();
    if (s->running)
        return broken("rkllm_destroy: a run is active");
    s->magic = 0;
    model_close(s->m);
    free(s->system), free(s->prefix), free(s->postfix), free(s->tools), free(s->kv), free(s->last_text), free(s->run_fault.data);
    reply_free(&s->paused_reply);
    reply_free(&s->stale);
    free(s);
    return 0;
}

EXPORT int rkllm_run(LLMHandle handle, RKLLMInput *input, RKLLMInferParam *infer, void *userdata)
{
    sim *s = valid(handle, "rkllm_run");
    return !s || check_run(s, input, infer) != 0 ? -1 : run(s, input, infer, userdata);
}

typedef struct { sim *s; RKLLMInput input; RKLLMInferParam infer; void *userdata; char *prompt; } async_run;

static void *run_in_background(void *argument)
{
    async_run *a = argument;
    if (!fault(a->s->m, NULL, "async_no_callback", 1))
        run(a->s, &a->input, &a->infer, a->userdata);
    free(a->prompt);
    free(a);
    return NULL;
}

EXPORT int rkllm_run_async(LLMHandle handle, RKLLMInput *input, RKLLMInferParam *infer, void *userdata)
{
    sim *s = valid(handle, "rkllm_run_async");
    if (!s || check_run(s, input, infer) != 0)
        return -1;
    if (fault(s->m, NULL, "async_hang", 1))
        for (;;)
            pause();
    async_run *a = malloc(sizeof *a);
    *a = (async_run){s, *input, *infer, userdata, NULL};
    if (input->input_type == INPUT_PROMPT)
        a->input.prompt_input = a->prompt = strdup(input->prompt_input);
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_in_background, a) != 0)
        return -1;
    pthread_detach(thread);
    return 0;
}

EXPORT int rkllm_abort(LLMHandle handle)
{
    sim *s = valid(handle, "rkllm_abort");
    if (!s)
        return -1;
    trace_line("rkllm_abort", NULL);
    int call = fault_count(AT_ABORT);
    if (run_fault(s, "abort_minus1") || fault(s->m, NULL, "abort_minus1", call))
        return -1;
    if (run_fault(s, "abort_ignored"))
        return 0;
    const char *late = run_fault(s, "abort_late");
    if (late)
        usleep((useconds_t)atoi(late) * 1000);
    pthread_mutex_lock(&s->lock);
    if (s->running)
        s->aborted = true;
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
    return 0;
}

/* 0 = running up to 1.2.3, 1 = running on 1.3: by the headers' words. */
EXPORT int rkllm_is_running(LLMHandle handle)
{
    sim *s = valid(handle, "rkllm_is_running");
    if (!s)
        return -1;
    bool one_is_running = (RKSIM_ABI >= 130) != (fault(s->m, NULL, "is_running_inverted", 1) != NULL);
    return (s->running != 0) == one_is_running ? 1 : 0;
}

EXPORT int rkllm_load_lora(LLMHandle handle, RKLLMLoraAdapter *adapter)
{
    return valid(handle, "rkllm_load_lora") && adapter && adapter->lora_adapter_path && access(adapter->lora_adapter_path, R_OK) == 0 ? 0 : -1;
}

EXPORT int rkllm_load_prompt_cache(LLMHandle handle, const char *path)
{
    FILE *f = valid(handle, "rkllm_load_prompt_cache") && path ? fopen(path, "rb") : NULL;
    char head[9] = "";
    bool ours = f && fread(head, 1, 8, f) == 8 && strcmp(head, "RKCACHE1") == 0;
    if (f)
        fclose(f);
    return ours ? 0 : -1;
}

EXPORT int rkllm_release_prompt_cache(LLMHandle handle)
{
    return valid(handle, "rkllm_release_prompt_cache") ? 0 : -1;
}

#if RKSIM_ABI >= 120
#if RKSIM_ABI >= 121
EXPORT int rkllm_clear_kv_cache(LLMHandle handle, int keep_system_prompt, int *start_pos, int *end_pos)
#else
EXPORT int rkllm_clear_kv_cache(LLMHandle handle, int keep_system_prompt)
#endif
{
    sim *s = valid(handle, "rkllm_clear_kv_cache");
    if (!s)
        return -1;
    trace_line("rkllm_clear_kv_cache", NULL);
    if (fault(s->m, NULL, "clear_minus1", 1))
        return -1;
#if RKSIM_ABI >= 121
    if (start_pos || end_pos) {
        if (!s->paused) {
            say("E rkllm: start_pos and end_pos are only valid when keep_history == 0 and the generation has been paused by returning 1 in the callback!");
            return -1;
        }
        /* Garbage in these registers faults here, as in the real one. */
        if (*start_pos < 0 || *end_pos < *start_pos)
            return -1;
    }
#endif
    s->kv_count = keep_system_prompt && s->system ? strlen(s->system) < s->kv_count ? strlen(s->system) : s->kv_count : 0;
    return 0;
}

EXPORT int rkllm_set_chat_template(LLMHandle handle, const char *system, const char *prefix, const char *postfix)
{
    sim *s = valid(handle, "rkllm_set_chat_template");
    if (!s || !system || !prefix || !postfix)
        return s ? broken("rkllm_set_chat_template: NULL") : -1;
    trace_line("rkllm_set_chat_template", NULL);
    if (fault(s->m, NULL, "template_minus1", 1))
        return -1;
    free(s->system), free(s->prefix), free(s->postfix);
    s->system = strdup(system), s->prefix = strdup(prefix), s->postfix = strdup(postfix);
    s->kv_count = 0;
    say("W rkllm: Calling rkllm_set_chat_template will disable the internal automatic chat template parsing, including enable_thinking. Make sure your custom prompt is complete and valid.");
    say("I rkllm: reset chat template:");
    say("I rkllm: system_prompt: %s", system);
    say("I rkllm: prompt_prefix: %s", prefix);
    say("I rkllm: prompt_postfix: %s", postfix);
    return 0;
}
#endif

#if RKSIM_ABI >= 121
EXPORT int rkllm_get_kv_cache_size(LLMHandle handle, int *cache_sizes)
{
    sim *s = valid(handle, "rkllm_get_kv_cache_size");
    if (!s || !cache_sizes)
        return -1;
    *cache_sizes = (int)s->kv_count;
    return 0;
}

EXPORT int rkllm_set_function_tools(LLMHandle handle, const char *system, const char *tools, const char *tool_response)
{
    sim *s = valid(handle, "rkllm_set_function_tools");
    json *parsed = s && system && tools && tool_response ? json_parse(tools) : NULL;
    if (!parsed)
        return -1;
    json_free(parsed);
    free(s->tools);
    s->tools = strdup(tools);
    return 0;
}

EXPORT int rkllm_set_cross_attn_params(LLMHandle handle, RKLLMCrossAttnParam *params)
{
    return valid(handle, "rkllm_set_cross_attn_params") && params ? 0 : -1;
}
#endif
#endif
