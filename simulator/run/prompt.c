// prompt.c - see prompt.h.
#include "run/prompt.h"
#include "base/log.h"
#include "base/trace.h"
#include "base/violation.h"
#include "model/commands.h"
#include "model/rerank.h"
#include "model/script.h"
#include "run/images.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define THOUGHTS "<think>\nThe user asked something. I answer from a script.\n</think>\n\n"

static void put_prompt(Run *r, Buf *out)
{
    Handle *h = r->h;
    size_t count = 0;
    Turn turn = {
        .text = r->rq.text,
        .tool = r->rq.role && !strcmp(r->rq.role, "tool"),
        .thinking = r->rq.thinking,
        .first = !h->kv.history_len,
    };
    size_t system_len = template_apply(&h->template, &h->model, turn, out);
    if (!turn.first)
        return;
    if (system_len)
        free(tokenizer_encode(&h->model.tokenizer, out->p, system_len, &count));
    h->kv.system_len = (int)count;      // rkllm_clear_kv_cache with keep_system_prompt keeps these tokens
}

static int call_tokenizer(Run *r)
{
    const Callbacks *c = &r->h->callbacks;
    int room = (int)r->prompt_len + 16;
    if (!c->tokenizer) {
        log_line("E rkllm: Tokenizer is unavailable: model has no internal tokenizer and no external tokenizer_callback "
                 "provided.");
        return -1;
    }
    r->ids = malloc((size_t)room * sizeof *r->ids);
    int n = c->tokenizer(c->tokenizer_userdata, r->prompt, (int32_t)r->prompt_len, r->ids, room);
    r->n_ids = n > 0 && n <= room ? (size_t)n : 0;
    return r->n_ids ? 0 : -1;
}

static int call_embedder(Run *r)
{
    const Callbacks *c = &r->h->callbacks;
    if (!c->embed) {
        log_line("E rkllm: Model has no embedding layer and no embed callback provided.");
        return -1;
    }
    size_t count = r->n_ids * (size_t)r->h->model.embd;
    float *rows = malloc(count * sizeof *rows);
    for (size_t i = 0; i < count; i++)
        rows[i] = NAN;
    int ret = c->embed(c->embed_userdata, r->ids, r->n_ids, rows, count * sizeof *rows);
    for (size_t i = 0; !ret && i < count; i++)
        if (!isfinite(rows[i])) {
            violation("embed_callback left element %zu of %zu unset", i, count);
            ret = -1;
        }
    free(rows);
    return ret;
}

static bool is_json(const char *text)
{
    Json *j = json_parse(text, strlen(text));
    json_free(j);
    return j != NULL;
}

static void make_text(Run *r)
{
    Buf b = {0};
    if (r->rq.tokens_given)
        tokenizer_decode(&r->h->model.tokenizer, r->rq.ids, r->rq.n_ids, &b);
    else if (r->rq.text)
        put_prompt(r, &b);
    else
        buf_printf(&b, "(embedded input of %zu tokens)", r->rq.n_embed);
    r->prompt = b.p;
    r->prompt_len = b.n;
}

// Embedded tokens have no id. Uses the bits of their first value instead.
static void add_embedded(Run *r)
{
    size_t count = r->rq.n_embed, row = (size_t)r->h->model.embd;
    if (r->rq.type != RKLLM_INPUT_EMBED || !count || count >= 1u << 20)
        return;
    r->ids = realloc(r->ids, (r->n_ids + count) * sizeof *r->ids);
    for (size_t i = 0; i < count; i++) {
        int32_t bits;
        memcpy(&bits, &r->rq.embed[i * row], sizeof bits);
        r->ids[r->n_ids++] = bits & 0x7fffffff;
    }
}

static int make_ids(Run *r)
{
    const Model *m = &r->h->model;
    if (r->rq.tokens_given) {
        r->n_ids = r->rq.n_ids;
        r->ids = malloc((r->n_ids + 1) * sizeof *r->ids);
        memcpy(r->ids, r->rq.ids, r->n_ids * sizeof *r->ids);
    } else if (r->rq.type == RKLLM_INPUT_MULTIMODAL)
        return images_encode(r);
    else if (r->rq.text && m->has_tokenizer)
        r->ids = tokenizer_encode(&m->tokenizer, r->prompt, r->prompt_len, &r->n_ids);
    else if (r->rq.text && call_tokenizer(r))
        return -1;
    add_embedded(r);
    return m->has_embedding || r->rq.type == RKLLM_INPUT_EMBED ? 0 : call_embedder(r);
}

// If the prompt already contains a </think> after the user message, the reply begins after its own reasoning block.
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
    Buf conversation = {0};             // the history in the KV cache, then the prompt
    tokenizer_decode(&h->model.tokenizer, h->kv.ids, (size_t)h->kv.history_len, &conversation);
    buf_put(&conversation, r->prompt, r->prompt_len);
    Span prompt = {r->prompt, r->prompt_len}, message = last_user_message(r->prompt, r->prompt_len);
    Buf control = {0}, view = {0}, hashes = {0};
    images_control(r, &control);
    images_describe(r, &view, &hashes);
    Sight sight = {control.p, view.p, hashes.p};
    Span before = answer_so_far(r->prompt, r->prompt_len, message);
    reply_free(&h->reply);
    r->rerank = rerank_share(message, &r->share);
    if (r->rerank)
        reply_text(&h->reply, r->share >= 0.5 ? "yes" : "no", r->share >= 0.5 ? 3 : 2);
    else if (!command_reply(&h->model.tokenizer, prompt, message, before, &sight, &r->faults, &h->reply))
        script_reply(&h->model, (Span){conversation.p, conversation.n}, message, before, view.p, &h->reply);
    skip_thoughts(&h->reply, prompt, message);
    reply_continue(&h->reply, before.p, before.n);
    if (r->rq.thinking && !h->template.custom && r->rq.text)
        reply_lead(&h->reply, THOUGHTS, sizeof THOUGHTS - 1);
    free(conversation.p);
    free(control.p);
    free(view.p);
    free(hashes.p);
}

static void trace_prompt(const Run *r)
{
    if (!trace_on())
        return;
    Buf b = {0};
    trace_begin(&b, "prompt");
    trace_text(&b, "prompt", r->prompt);
    trace_ids(&b, "ids", r->ids, r->n_ids);
    trace_end(&b);
}

int prompt_prepare(Run *r)
{
    const char *lora = r->h->lora;
    if (r->rq.lora && (!lora || strcmp(lora, r->rq.lora))) {
        log_line("E rkllm: lora adapter %s is not loaded", r->rq.lora);
        return -1;
    }
    if (r->rq.role && !strcmp(r->rq.role, "tool") && r->rq.text && !is_json(r->rq.text)) {
        log_line("E rkllm: the prompt of role tool must be a JSON string");
        return -1;
    }
    make_text(r);
    if (make_ids(r))
        return -1;
    choose_reply(r);
    trace_prompt(r);
    return 0;
}
