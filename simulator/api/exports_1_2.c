// exports_1_2.c - the functions that 1.2.0 and 1.2.1 added: cache control, templates, tools, cross attention.
#include "abi/fields.h"
#include "api/abi_checks.h"
#include "base/export.h"
#include "base/faults.h"
#include "base/json.h"
#include "base/log.h"
#include "base/trace.h"
#include "handle/handle.h"
#include <string.h>

#if SIM_ABI >= 10200
// Takes effect immediately and clears the KV cache. With three empty strings, prompts are used unchanged.
EXPORT int rkllm_set_chat_template(LLMHandle handle, const char *system_prompt, const char *prompt_prefix,
                                   const char *prompt_postfix)
{
    if (!check_handle(handle, __func__) || !check_text(system_prompt, "system_prompt") ||
        !check_text(prompt_prefix, "prompt_prefix") || !check_text(prompt_postfix, "prompt_postfix"))
        return -1;
    Handle *h = handle;
    if (trace_on()) {
        Buf b = {0};
        trace_begin(&b, __func__);
        trace_text(&b, "system_prompt", system_prompt);
        trace_text(&b, "prompt_prefix", prompt_prefix);
        trace_text(&b, "prompt_postfix", prompt_postfix);
        trace_end(&b);
    }
    if (fault_drawn(CLASS_TEMPLATE, FAULT_template_minus1, h->model.fault))
        return -1;
    log_line("W rkllm: Calling rkllm_set_chat_template will disable the internal automatic chat template parsing, "
             "including enable_thinking. Make sure your custom prompt is complete and valid.");
    log_line("I rkllm: reset chat template:");
    log_line("I rkllm: system_prompt: %s", system_prompt);
    log_line("I rkllm: prompt_prefix: %s", prompt_prefix);
    log_line("I rkllm: prompt_postfix: %s", prompt_postfix);
    template_set(&h->template, system_prompt, prompt_prefix, prompt_postfix);
    handle_clear(h, false);
    return 0;
}

// Traces the call. Returns true if an injected fault makes the call fail.
static bool clear_fails(const Handle *h, int keep)
{
    if (trace_on()) {
        Buf b = {0};
        trace_begin(&b, "rkllm_clear_kv_cache");
        trace_int(&b, "keep_system_prompt", keep);
        trace_end(&b);
    }
    return fault_drawn(CLASS_CLEAR, FAULT_clear_minus1, h->model.fault);
}
#endif

#if SIM_ABI == 10200
EXPORT int rkllm_clear_kv_cache(LLMHandle handle, int keep_system_prompt)
{
    if (!check_handle(handle, __func__) || clear_fails(handle, keep_system_prompt))
        return -1;
    handle_clear(handle, keep_system_prompt);
    return 0;
}
#endif

#if SIM_ABI >= 10201
static int clear_range(Handle *h, int start, int end)
{
    if (start < 0 || end > h->kv.len || start > end)
        return -1;
    kv_remove(&h->kv, start, end);
    return 0;
}

// If a caller passes only two arguments, the registers of the others have garbage. This function reads them, as the
// vendor's library does.
EXPORT int rkllm_clear_kv_cache(LLMHandle handle, int keep_system_prompt, int *start_pos, int *end_pos)
{
    if (!check_handle(handle, __func__))
        return -1;
    Handle *h = handle;
    bool fails = clear_fails(h, keep_system_prompt);
    if (!start_pos && !end_pos) {
        if (fails)
            return -1;
        handle_clear(h, keep_system_prompt);
        return 0;
    }
    int start = start_pos ? *(volatile int *)start_pos : 0;
    int end = end_pos ? *(volatile int *)end_pos : h->kv.len;
    if (!h->paused || h->kv.history_len) {
        log_line("E rkllm: start_pos and end_pos are only valid when keep_history == 0 and the generation has been "
                 "paused by returning 1 in the callback!");
        return -1;
    }
    return fails ? -1 : clear_range(h, start, end);
}

EXPORT int rkllm_get_kv_cache_size(LLMHandle handle, int *cache_sizes)
{
    if (!check_handle(handle, __func__))
        return -1;
    Handle *h = handle;
    for (int i = 0; i < h->n_batch; i++)
        cache_sizes[i] = h->n_batch > 1 ? h->batch_kv[i] : h->kv.len;
    if (trace_on()) {
        Buf b = {0};
        trace_begin(&b, __func__);
        trace_int(&b, "size", cache_sizes[0]);
        trace_end(&b);
    }
    return 0;
}

EXPORT int rkllm_set_function_tools(LLMHandle handle, const char *system_prompt, const char *tools,
                                    const char *tool_response_str)
{
    if (!check_handle(handle, __func__) || !check_text(system_prompt, "system_prompt") || !check_text(tools, "tools") ||
        !check_text(tool_response_str, "tool_response_str"))
        return -1;
    Handle *h = handle;
    if (trace_on()) {
        Buf b = {0};
        trace_begin(&b, __func__);
        trace_text(&b, "system_prompt", system_prompt);
        trace_text(&b, "tools", tools);
        trace_text(&b, "tool_response_str", tool_response_str);
        trace_end(&b);
    }
    Json *list = json_parse(tools, strlen(tools));
    if (!list) {
        log_line("E rkllm: tools is not a valid JSON string");
        return -1;
    }
    json_free(list);
    template_set_tools(&h->template, system_prompt, tools, tool_response_str);
    return 0;
}

EXPORT int rkllm_set_cross_attn_params(LLMHandle handle, RKLLMCrossAttnParam *params)
{
    if (!check_handle(handle, __func__))
        return -1;
    Handle *h = handle;
    if (!h->cross_attn) {
        log_line("E rkllm: cross attention is not enabled");
        return -1;
    }
    return params && params->encoder_k_cache && params->encoder_v_cache && params->num_tokens > 0 ? 0 : -1;
}
#endif
