// exports.c - the functions that every version exports. Each checks its arguments, traces the call, then executes it.
#include "abi/facts.h"
#include "abi/fields.h"
#include "api/abi_checks.h"
#include "api/call_trace.h"
#include "api/defaults.h"
#include "base/export.h"
#include "api/init.h"
#include "base/faults.h"
#include "base/log.h"
#include "base/trace.h"
#include "base/violation.h"
#include "handle/abort.h"
#include "handle/prompt_cache.h"
#include "run/run.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

EXPORT RKLLMParam rkllm_createDefaultParam(void)
{
    trace_call(__func__);
    return default_param();
}

EXPORT int rkllm_init(LLMHandle *handle, RKLLMParam *param, InitCallback callback)
{
    if (!check_init(handle, param, callback))
        return -1;
    trace_init(param, callback);
    Callbacks callbacks = callbacks_read(callback);
    return init_handle(handle, param, &callbacks);
}

EXPORT int rkllm_run(LLMHandle handle, RKLLMInput *input, RKLLMInferParam *infer, void *userdata)
{
    if (!check_handle(handle, __func__) || !check_run(handle, input, infer))
        return -1;
    trace_run(__func__, handle, input, infer, userdata);
    return run_start(handle, input, infer, userdata, false);
}

EXPORT int rkllm_run_async(LLMHandle handle, RKLLMInput *input, RKLLMInferParam *infer, void *userdata)
{
    if (!check_handle(handle, __func__) || !check_run(handle, input, infer))
        return -1;
    trace_run(__func__, handle, input, infer, userdata);
    return run_start(handle, input, infer, userdata, true);
}

// May be called from any thread, and from the callback.
EXPORT int rkllm_abort(LLMHandle handle)
{
    if (!check_handle(handle, __func__))
        return -1;
    Handle *h = handle;
    FaultSet f;
    trace_call(__func__);
    faults_draw(CLASS_ABORT, h->model.fault, &f);
    if (faulty(&f, FAULT_abort_ignored))
        return 0;
    if (faulty(&f, FAULT_abort_minus1))
        return -1;
    abort_run(h, faulty(&f, FAULT_abort_late) ? fault_number(&f, FAULT_abort_late, 1000) : 0);
    return 0;
}

EXPORT int rkllm_is_running(LLMHandle handle)
{
    if (!check_handle(handle, __func__))
        return -1;
    Handle *h = handle;
    trace_call(__func__);
    bool inverted = fault_drawn(CLASS_QUERY, FAULT_is_running_inverted, h->model.fault);
    bool as_running = handle_running(h) != inverted;
    return as_running ? abi_facts->running : !abi_facts->running;
}

EXPORT int rkllm_destroy(LLMHandle handle)
{
    if (!check_handle(handle, __func__))
        return -1;
    Handle *h = handle;
    FaultSet f;
    trace_call(__func__);
    faults_draw(CLASS_DESTROY, h->model.fault, &f);
    bool busy = handle_running(h);
    if (busy && faulty(&f, FAULT_destroy_while_running_segv))
        crash();
    if (busy && violation_mode() != VIOLATION_UNCHECKED) {
        violation("rkllm_destroy during a run");
        return -1;
    }
    while (busy || faulty(&f, FAULT_destroy_hang))      // the vendor's library hangs if a handle is destroyed during a run
        pause();
    handle_free(h);
    return 0;
}

EXPORT int rkllm_load_lora(LLMHandle handle, RKLLMLoraAdapter *adapter)
{
    if (!check_handle(handle, __func__) || !check_text(adapter->lora_adapter_path, "lora_adapter_path") ||
        !check_text(adapter->lora_adapter_name, "lora_adapter_name"))
        return -1;
    Handle *h = handle;
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
    if (!check_handle(handle, __func__) || !check_text(path, "prompt cache path"))
        return -1;
    Handle *h = handle;
    FaultSet f;
    trace_call(__func__);
    faults_draw(CLASS_CACHE, h->model.fault, &f);
    int ret = prompt_cache_load(h, path, &f);
    if (trace_on()) {
        Buf b = {0};
        trace_begin(&b, "prompt_cache");
        trace_text(&b, "path", path);
        trace_int(&b, "ret", ret);
        trace_int(&b, "kv", h->kv.len);
        trace_end(&b);
    }
    return ret;
}

EXPORT int rkllm_release_prompt_cache(LLMHandle handle)
{
    if (!check_handle(handle, __func__))
        return -1;
    Handle *h = handle;
    trace_call(__func__);
    prompt_cache_release(h);
    return 0;
}
