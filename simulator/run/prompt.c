// prompt.c - from a request to the final prompt text, its tokens, and the reply it will get.
#include "sim.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROLOGUE "<think>\nThe user asked something. I answer from a script.\n</think>\n\n"

static void put_system(const Handle *h, Buf *b)
{
    const char *system = h->tools_system && *h->tools_system ? h->tools_system : h->model.system;
    if (!*system && !h->tools)
        return;
    buf_printf(b, "<|im_start|>system\n%s", system);
    if (h->tools)
        buf_printf(b, "%s# Tools\n\n<tools>\n%s\n</tools>", *system ? "\n\n" : "", h->tools);
    buf_text(b, "<|im_end|>\n");
}

// The built-in ChatML template of 1.2.0 and later; none before, and none after set_chat_template("", "", "").
// Notes how many tokens are the system's, for rkllm_clear_kv_cache(keep_system_prompt).
static void put_prompt(Run *r, Buf *b)
{
    Handle *h = r->h;
    const char *tag = h->tool_tag ? h->tool_tag : "tool_response";
    size_t system_len = 0;
    bool first = !h->history_len, tool = r->rq.role && !strcmp(r->rq.role, "tool");
    if (SIM_ABI < 10200 || (h->builtin_template && !strcmp(h->model.template, "none")))
        buf_text(b, r->rq.text);
    else if (!h->builtin_template) {
        if (first)
            buf_text(b, h->system);
        system_len = b->n;
        buf_printf(b, "%s%s%s", h->prefix, r->rq.text, h->postfix);
    } else {
        if (first)
            put_system(h, b);
        system_len = b->n;
        if (tool)
            buf_printf(b, "<|im_start|>user\n<%s>\n%s\n</%s><|im_end|>\n<|im_start|>assistant\n", tag, r->rq.text, tag);
        else
            buf_printf(b, "<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n", r->rq.text);
        if (!r->rq.thinking && !strcmp(h->model.template, "chatml-think"))
            buf_text(b, "<think>\n\n</think>\n\n");
    }
    if (first) {
        size_t count = 0;
        if (system_len)
            free(tokens_encode(&h->model, b->p, system_len, &count));
        h->system_len = (int)count;
    }
}

static int call_tokenizer(Run *r)
{
#if SIM_ABI >= 10300
    Handle *h = r->h;
    LLMTokenizerCallback tokenize = (LLMTokenizerCallback)h->tokenizer_callback;
    int room = (int)r->prompt_len + 16;
    if (tokenize) {
        r->ids = malloc((size_t)room * sizeof *r->ids);
        int n = tokenize(h->tokenizer_userdata, r->prompt, (int32_t)r->prompt_len, r->ids, room);
        r->n_ids = n > 0 && n <= room ? (size_t)n : 0;
        return r->n_ids ? 0 : -1;
    }
#endif
    (void)r;
    log_line("E rkllm: Tokenizer is unavailable: model has no internal tokenizer and no external tokenizer_callback "
             "provided.");
    return -1;
}

static int call_embedder(Run *r)
{
#if SIM_ABI >= 10300
    Handle *h = r->h;
    LLMGetEmbedCallback embed = (LLMGetEmbedCallback)h->embed_callback;
    if (embed) {
        size_t count = r->n_ids * (size_t)h->model.embd;
        float *rows = malloc(count * sizeof *rows);
        for (size_t i = 0; i < count; i++)
            rows[i] = NAN;
        int ret = embed(h->embed_userdata, r->ids, r->n_ids, rows, count * sizeof *rows);
        for (size_t i = 0; !ret && i < count; i++)
            if (!isfinite(rows[i])) {
                violation("embed_callback left element %zu of %zu unset", i, count);
                ret = -1;
            }
        free(rows);
        return ret;
    }
#endif
    log_line("E rkllm: Model has no embedding layer and no embed callback provided.");
    (void)r;
    return -1;
}

static bool is_json(const char *text)
{
    Json *j = json_parse(text, strlen(text));
    json_free(j);
    return j != NULL;
}

static int tokenize(Run *r)
{
    const Model *m = &r->h->model;
    Buf b = {0};
    if (r->rq.tokens_given) {
        r->n_ids = r->rq.n_ids;
        r->ids = malloc((r->n_ids + 1) * sizeof *r->ids);
        memcpy(r->ids, r->rq.ids, r->n_ids * sizeof *r->ids);
        tokens_decode(m, r->ids, r->n_ids, &b);
    } else if (r->rq.text)
        put_prompt(r, &b);
    else
        buf_printf(&b, "(embedded input of %zu tokens)", r->rq.n_embed);
    r->prompt = b.p;
    r->prompt_len = b.n;
    size_t extra = r->rq.type == RKLLM_INPUT_MULTIMODAL ? r->rq.n_image * r->rq.n_image_tokens : r->rq.n_embed;
    if (r->rq.text) {
        if (m->tokenizer)
            r->ids = tokens_encode(m, r->prompt, r->prompt_len, &r->n_ids);
        else if (call_tokenizer(r))
            return -1;
    }
    if (extra && extra < 1u << 20) {        // embedded tokens have no id: a hash of their first value stands for them
        r->ids = realloc(r->ids, (r->n_ids + extra) * sizeof *r->ids);
        size_t row = (size_t)m->embd;
        for (size_t i = 0; i < extra; i++) {
            float first = r->rq.type == RKLLM_INPUT_EMBED ? r->rq.embed[i * row] : 0;
            int32_t bits;
            memcpy(&bits, &first, sizeof bits);
            r->ids[r->n_ids++] = bits & 0x7fffffff;
        }
    }
    return m->embedding || r->rq.type == RKLLM_INPUT_EMBED ? 0 : call_embedder(r);
}

// A prompt that has the end of the thoughts already is answered from there on, as a model would.
static void skip_thoughts(Reply *reply, Span prompt, Span message)
{
    static const char open[] = "<think>", close[] = "</think>";
    const char *tail = message.p + message.n;
    if (reply->kind != REPLY_TEXT || reply->len < sizeof open || memcmp(reply->text, open, sizeof open - 1))
        return;
    const char *end = memmem(reply->text, reply->len, close, sizeof close - 1);
    if (!end || !memmem(tail, (size_t)(prompt.p + prompt.n - tail), close, sizeof close - 1))
        return;
    for (end += sizeof close - 1; *end == '\n'; end++)
        ;
    char *rest = text_copy(end, strlen(end));
    reply_text(reply, rest, strlen(rest));
    free(rest);
}

static void choose_reply(Run *r)
{
    Handle *h = r->h;
    // History in the cache counts as earlier conversation.
    Buf whole = {0};
    tokens_decode(&h->model, h->kv, (size_t)h->history_len, &whole);
    buf_put(&whole, r->prompt, r->prompt_len);
    Span prompt = {whole.p, whole.n}, message = last_user_message(r->prompt, r->prompt_len);
    reply_free(&h->reply);
    if (!command_reply((Span){r->prompt, r->prompt_len}, message, &r->faults, &h->reply))
        script_reply(&h->model, prompt, message, &h->reply);
    skip_thoughts(&h->reply, (Span){r->prompt, r->prompt_len}, message);
    if (r->rq.thinking && h->builtin_template && r->rq.text)
        reply_lead(&h->reply, PROLOGUE, sizeof PROLOGUE - 1);
    free(whole.p);
}

int run_prompt(Run *r)
{
    Handle *h = r->h;
    if (r->rq.lora && (!h->lora || strcmp(h->lora, r->rq.lora))) {
        log_line("E rkllm: lora adapter %s is not loaded", r->rq.lora);
        return -1;
    }
    if (r->rq.role && !strcmp(r->rq.role, "tool") && r->rq.text && !is_json(r->rq.text)) {
        log_line("E rkllm: the prompt of role tool must be a JSON string");
        return -1;
    }
    if (tokenize(r))
        return -1;
    choose_reply(r);
    if (trace_on()) {
        Buf b = {0};
        trace_begin(&b, "prompt");
        trace_text(&b, "prompt", r->prompt);
        trace_ids(&b, "ids", r->ids, r->n_ids);
        trace_end(&b);
    }
    return 0;
}
