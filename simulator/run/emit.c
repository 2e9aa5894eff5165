// emit.c - see emit.h.
#include "run/emit.h"
#include "abi/facts.h"
#include "base/clock.h"
#include <stdlib.h>
#include <string.h>

enum { TEXT, DATA };                    // indices of r->block

static void forget(Run *r, int slot)
{
    if (!r->block[slot])
        return;
    memset(r->block[slot], 0xdd, r->block_len[slot]);
    __asm__ volatile("" : : "r"(r->block[slot]) : "memory");    // keeps the compiler from removing the memset
    if (slot == DATA && r->unreleased)
        buf_put(&r->h->unreleased, &r->block[slot], sizeof r->block[slot]);
    else
        free(r->block[slot]);
    r->block[slot] = NULL;
}

void emit_done(Run *r)
{
    forget(r, TEXT);
    forget(r, DATA);
}

static RKLLMResult *results(Run *r, int rows)
{
    emit_done(r);
    return guard_page_tail(&r->h->results, (size_t)rows * sizeof(RKLLMResult));
}

static char *keep_text(Run *r, const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy)
        abort();
    memcpy(copy, text, len);
    copy[len] = 0;
    r->block[TEXT] = copy;
    r->block_len[TEXT] = len + 1;
    return copy;
}

static CallbackAction call(Run *r, RKLLMResult *result, LLMCallState state, int rows)
{
    int answer = callback_call(&r->h->callbacks, result, r->rq.userdata, state);
    if (result)
        memset(result, 0xdd, (size_t)rows * sizeof *result);
    if (answer == ACTION_RELEASE && abi_facts->callback_releases) {
        r->unreleased = false;
        emit_done(r);
    }
    return answer == ACTION_PAUSE || answer == ACTION_RELEASE ? (CallbackAction)answer : ACTION_CONTINUE;
}

CallbackAction emit_null(Run *r, LLMCallState state) { return call(r, NULL, state, 0); }

CallbackAction emit_text(Run *r, LLMCallState state, int32_t id, const char *text, size_t len)
{
    RKLLMResult *result = results(r, 1);
    result->token_id = id;
    result->text = text ? keep_text(r, text, len) : NULL;
    return call(r, result, state, 1);
}

// Returns the length of the multi-byte character that begins with this byte; 0 if none does.
static size_t character_length(unsigned char first)
{
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return 2 + (first >= 0xe0) + (first >= 0xf0);
}

// Whether the text ends with an incomplete character.
static bool ends_inside_character(const char *s, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)s[len - back];
        if (c < 0x80 || c > 0xf4)
            return false;
        if (character_length(c))
            return back < character_length(c);
    }
    return false;
}

// The setting UTF8 selects how a split character is delivered. A: callbacks without text, then the whole character.
// B: each part unchanged. C: each part unchanged, then the whole character.
CallbackAction emit_token(Run *r, const Token *t)
{
    Buf *tail = &r->h->tail;
    if (t->null_text)
        return emit_text(r, RKLLM_RUN_NORMAL, t->id, NULL, 0);
    if (t->raw || (!tail->n && t->len && !(t->text[t->len - 1] & 0x80)))
        return emit_text(r, RKLLM_RUN_NORMAL, t->id, t->text, t->len);
    buf_put(tail, t->text, t->len);
    if (ends_inside_character(tail->p, tail->n))
        return emit_text(r, RKLLM_RUN_WAITING, t->id, r->split_characters == 'A' ? NULL : t->text, t->len);
    Span said = r->split_characters == 'B' ? (Span){t->text, t->len} : (Span){tail->p, tail->n};
    CallbackAction action = emit_text(r, RKLLM_RUN_NORMAL, t->id, said.p, said.n);
    tail->n = 0;
    return action;
}

static void keep_data(Run *r, float *data, int dim, int count)
{
    r->block[DATA] = data;
    r->block_len[DATA] = (size_t)dim * (size_t)count * sizeof *data;
}

CallbackAction emit_hidden_layer(Run *r, float *data, int dim, int count)
{
    RKLLMResult *result = results(r, 1);
    keep_data(r, data, dim, count);
    r->unreleased = false;
    LLMCallState state = result_set_hidden_layer(result, data, dim, count);
    return call(r, result, state, 1);
}

// From 1.3 on, the library keeps the logits until the host returns 2 or destroys the handle.
CallbackAction emit_logits(Run *r, float *data, int dim, int count)
{
    RKLLMResult *result = results(r, 1);
    keep_data(r, data, dim, count);
    r->unreleased = abi_facts->callback_releases;
    LLMCallState state = result_set_logits(result, data, dim, count);
    return call(r, result, state, 1);
}

CallbackAction emit_finish(Run *r, bool null_result)
{
    RKLLMResult *result = results(r, 1);
    PerfFields perf = {
        .prefill_ms = (float)r->prefill_us / 1000,
        .prefill_tokens = r->prefill_tokens,
        .generate_ms = (float)(now_us() - r->first_us) / 1000,
        .generate_tokens = r->emitted > 0 ? r->emitted - 1 : 0,     // the first token counts as prefill
        .memory_mb = (float)r->h->model.memory_mb,
    };
    result_set_perf(result, &perf);
    return call(r, null_result ? NULL : result, RKLLM_RUN_FINISH, 1);
}

// For n_batch > 1: delivers an array of results. A row that has ended has a negative token_id and no text.
CallbackAction emit_rows(Run *r, const Token *rows, const bool *done, int count)
{
    RKLLMResult *result = results(r, count);
    Buf all = {0};
    size_t at[MAX_BATCH];
    for (int i = 0; i < count; i++) {
        at[i] = all.n;
        if (done[i])
            continue;
        buf_put(&all, rows[i].text, rows[i].len);
        buf_put(&all, "", 1);
    }
    char *text = keep_text(r, all.p ? all.p : "", all.n);
    for (int i = 0; i < count; i++) {
        result[i].token_id = done[i] ? -1 : rows[i].id;
        result[i].text = done[i] ? NULL : text + at[i];
    }
    free(all.p);
    return call(r, result, RKLLM_RUN_NORMAL, count);
}
