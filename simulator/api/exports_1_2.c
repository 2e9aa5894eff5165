// exports_1_2.c - what came with 1.2.0 and 1.2.1: cache control, templates, tools, cross attention.
#include "sim.h"
#include <stdlib.h>
#include <string.h>

#if SIM_ABI >= 10200
static void replace(char **slot, const char *text)
{
    free(*slot);
    *slot = text ? text_copy(text, strlen(text)) : NULL;
}

static void clear(Handle *h, bool keep_system)
{
    int keep = keep_system && h->system_len < h->kv_len ? h->system_len : 0;
    h->kv_len = keep;
    h->history_len = keep;
    h->paused = false;
    h->tail.n = 0;
}

static bool traced_clear_fails(Handle *h, const char *call, int keep)
{
    FaultSet f;
    if (trace_on()) {
        Buf b = {0};
        trace_begin(&b, call);
        trace_int(&b, "keep_system_prompt", keep);
        trace_end(&b);
    }
    faults_draw(CLASS_CLEAR, h->model.fault, &f);
    return faulty(&f, FAULT_clear_minus1);
}

#if SIM_ABI < 10201
EXPORT int rkllm_clear_kv_cache(LLMHandle handle, int keep_system_prompt)
{
    HANDLE_OR_FAIL(handle);
    if (traced_clear_fails(h, __func__, keep_system_prompt))
        return -1;
    clear(h, keep_system_prompt);
    return 0;
}
#else
// A caller that passes two arguments leaves garbage in the other registers; it is read here, as on a board.
EXPORT int rkllm_clear_kv_cache(LLMHandle handle, int keep_system_prompt, int *start_pos, int *end_pos)
{
    HANDLE_OR_FAIL(handle);
    bool fails = traced_clear_fails(h, __func__, keep_system_prompt);
    if (!start_pos && !end_pos) {
        if (!fails)
            clear(h, keep_system_prompt);
        return fails ? -1 : 0;
    }
    int start = start_pos ? *(volatile int *)start_pos : 0, end = end_pos ? *(volatile int *)end_pos : h->kv_len;
    if (!h->paused || h->history_len) {
        log_line("E rkllm: start_pos and end_pos are only valid when keep_history == 0 and the generation has been paused "
                 "by returning 1 in the callback!");
        return -1;
    }
    if (fails || start < 0 || end > h->kv_len || start > end)
        return -1;
    memmove(h->kv + start, h->kv + end, (size_t)(h->kv_len - end) * sizeof *h->kv);
    h->kv_len -= end - start;
    return 0;
}

EXPORT int rkllm_get_kv_cache_size(LLMHandle handle, int *cache_sizes)
{
    HANDLE_OR_FAIL(handle);
    for (int i = 0; i < h->n_batch; i++)
        cache_sizes[i] = h->n_batch > 1 ? h->batch_kv[i] : h->kv_len;
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
    HANDLE_OR_FAIL(handle);
    if (!police_text(system_prompt, "system_prompt") || !police_text(tools, "tools") ||
        !police_text(tool_response_str, "tool_response_str"))
        return -1;
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
    replace(&h->tools_system, system_prompt);
    replace(&h->tools, tools);
    replace(&h->tool_tag, *tool_response_str ? tool_response_str : "tool_response");
    return 0;
}

EXPORT int rkllm_set_cross_attn_params(LLMHandle handle, RKLLMCrossAttnParam *params)
{
    HANDLE_OR_FAIL(handle);
    if (!h->cross_attn) {
        log_line("E rkllm: cross attention is not enabled");
        return -1;
    }
    return params && params->encoder_k_cache && params->encoder_v_cache && params->num_tokens > 0 ? 0 : -1;
}
#endif

// Takes effect at once and empties the cache; three empty strings mean raw text.
EXPORT int rkllm_set_chat_template(LLMHandle handle, const char *system_prompt, const char *prompt_prefix,
                                   const char *prompt_postfix)
{
    HANDLE_OR_FAIL(handle);
    FaultSet f;
    if (!police_text(system_prompt, "system_prompt") || !police_text(prompt_prefix, "prompt_prefix") ||
        !police_text(prompt_postfix, "prompt_postfix"))
        return -1;
    if (trace_on()) {
        Buf b = {0};
        trace_begin(&b, __func__);
        trace_text(&b, "system_prompt", system_prompt);
        trace_text(&b, "prompt_prefix", prompt_prefix);
        trace_text(&b, "prompt_postfix", prompt_postfix);
        trace_end(&b);
    }
    faults_draw(CLASS_TEMPLATE, h->model.fault, &f);
    if (faulty(&f, FAULT_template_minus1))
        return -1;
    log_line("W rkllm: Calling rkllm_set_chat_template will disable the internal automatic chat template parsing, including "
             "enable_thinking. Make sure your custom prompt is complete and valid.");
    log_line("I rkllm: reset chat template:");
    log_line("I rkllm: system_prompt: %s", system_prompt);
    log_line("I rkllm: prompt_prefix: %s", prompt_prefix);
    log_line("I rkllm: prompt_postfix: %s", prompt_postfix);
    replace(&h->system, system_prompt);
    replace(&h->prefix, prompt_prefix);
    replace(&h->postfix, prompt_postfix);
    h->builtin_template = false;
    clear(h, false);
    return 0;
}
#endif
