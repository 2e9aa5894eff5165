// exports.c - the functions this version exports: check, trace, act. Nothing else is visible from outside.
#include "sim.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

RKLLMParam default_param(void)
{
    RKLLMParam p;
    memset(&p, setting_is(SETTING_PADDING, "dirty") ? 0xa5 : 0, sizeof p);
    bool odd = setting_is(SETTING_DEFAULTS, "odd");
    p.model_path = NULL;
    p.max_context_len = p.max_new_tokens = 512;
    p.top_k = 40;
    p.top_p = odd ? 0 : 0.9f;
    p.temperature = 0.8f;
    p.repeat_penalty = 1.1f;
    p.frequency_penalty = p.presence_penalty = 0;
    p.mirostat = 0;
    p.mirostat_tau = 5;
    p.mirostat_eta = 0.1f;
    p.skip_special_token = *setting(SETTING_SKIP_SPECIAL, "") == '1';
    p.is_async = false;
    p.extend_param.base_domain_id = 0;
#if SIM_ABI >= 10200
    p.n_keep = 0;
    p.extend_param.embed_flash = 0;
    p.extend_param.enabled_cpus_num = 4;
    p.extend_param.enabled_cpus_mask = odd ? 0 : 0xf0;
#endif
#if SIM_ABI >= 10201
    p.extend_param.n_batch = 1;
    p.extend_param.use_cross_attn = 0;
#endif
#if SIM_ABI >= 10300
    p.ignore_eos_token = false;
#else
    p.img_start = "<img>";
    p.img_end = "</img>";
    p.img_content = "<unk>";
#endif
    return p;
}

EXPORT RKLLMParam rkllm_createDefaultParam(void)
{
    trace_call(__func__);
    return default_param();
}

#if SIM_ABI >= 10300
EXPORT int rkllm_init(LLMHandle *handle, RKLLMParam *param, RKLLMCallback *callback)
#else
EXPORT int rkllm_init(LLMHandle *handle, RKLLMParam *param, LLMResultCallback callback)
#endif
{
    if (!police_init(handle, param, (const void *)callback))
        return -1;
    trace_init(param, (const void *)callback);
    Handle calls = {0};
#if SIM_ABI >= 10300
    calls.result_callback = (void *)callback->result_callback;
    calls.result_userdata = callback->result_userdata;
    calls.tokenizer_callback = (void *)callback->tokenizer_callback;
    calls.tokenizer_userdata = callback->tokenizer_userdata;
    calls.embed_callback = (void *)callback->embed_callback;
    calls.embed_userdata = callback->embed_userdata;
#else
    calls.result_callback = (void *)callback;
#endif
    return simulate_init(handle, param, &calls);
}

EXPORT int rkllm_run(LLMHandle handle, RKLLMInput *input, RKLLMInferParam *infer, void *userdata)
{
    HANDLE_OR_FAIL(handle);
    if (!police_run(h, input, infer))
        return -1;
    trace_run(__func__, h, input, infer, userdata);
    return run_start(h, input, infer, userdata, false);
}

EXPORT int rkllm_run_async(LLMHandle handle, RKLLMInput *input, RKLLMInferParam *infer, void *userdata)
{
    HANDLE_OR_FAIL(handle);
    if (!police_run(h, input, infer))
        return -1;
    trace_run(__func__, h, input, infer, userdata);
    return run_start(h, input, infer, userdata, true);
}

// From any thread, also from the callback.
EXPORT int rkllm_abort(LLMHandle handle)
{
    HANDLE_OR_FAIL(handle);
    FaultSet f;
    trace_call(__func__);
    faults_draw(CLASS_ABORT, h->model.fault, &f);
    if (faulty(&f, FAULT_abort_ignored))
        return 0;
    if (faulty(&f, FAULT_abort_minus1))
        return -1;
    pthread_mutex_lock(&h->lock);
    if (h->running) {
        if (faulty(&f, FAULT_abort_late))
            atomic_store(&h->abort_at_us, now_us() + 1000 * fault_number(&f, FAULT_abort_late, 1000));
        atomic_store_explicit(&h->abort, true, memory_order_release);
        pthread_cond_broadcast(&h->wake);
    }
    pthread_mutex_unlock(&h->lock);
    return 0;
}

static bool running(Handle *h)
{
    pthread_mutex_lock(&h->lock);
    bool now = h->running;
    pthread_mutex_unlock(&h->lock);
    return now;
}

// 0 means running up to 1.2.3, 1 means running from 1.3.0 on.
EXPORT int rkllm_is_running(LLMHandle handle)
{
    HANDLE_OR_FAIL(handle);
    FaultSet f;
    trace_call(__func__);
    faults_draw(CLASS_QUERY, h->model.fault, &f);
    return (running(h) == (SIM_ABI >= 10300)) != faulty(&f, FAULT_is_running_inverted);
}

EXPORT int rkllm_destroy(LLMHandle handle)
{
    HANDLE_OR_FAIL(handle);
    FaultSet f;
    trace_call(__func__);
    faults_draw(CLASS_DESTROY, h->model.fault, &f);
    bool busy = running(h);
    if (busy && faulty(&f, FAULT_destroy_while_running_segv))
        crash();
    if (busy && violation_mode() != VIOLATION_UNCHECKED) {
        violation("rkllm_destroy during a run");
        return -1;
    }
    while (busy || faulty(&f, FAULT_destroy_hang))      // what closing during inference does on a board
        pause();
    handle_free(h);
    return 0;
}

EXPORT int rkllm_load_lora(LLMHandle handle, RKLLMLoraAdapter *adapter)
{
    HANDLE_OR_FAIL(handle);
    if (!police_text(adapter->lora_adapter_path, "lora_adapter_path") ||
        !police_text(adapter->lora_adapter_name, "lora_adapter_name"))
        return -1;
    trace_call(__func__);
    if (access(adapter->lora_adapter_path, R_OK)) {
        log_line("E rkllm: failed to load lora adapter %s", adapter->lora_adapter_path);
        return -1;
    }
    free(h->lora);
    h->lora = text_copy(adapter->lora_adapter_name, strlen(adapter->lora_adapter_name));
    return 0;
}

EXPORT int rkllm_load_prompt_cache(LLMHandle handle, const char *path)
{
    HANDLE_OR_FAIL(handle);
    if (!police_text(path, "prompt cache path"))
        return -1;
    trace_call(__func__);
    return cache_load(h, path);
}

EXPORT int rkllm_release_prompt_cache(LLMHandle handle)
{
    HANDLE_OR_FAIL(handle);
    trace_call(__func__);
    h->cache_loaded = false;
    h->kv_len = h->history_len = 0;
    return 0;
}
