// emit.c - every result callback. A result lies against a guard page, so that reading past this version's struct
// faults; its buffers are filled with 0xDD and freed at the next callback, so that keeping a pointer shows.
#include "sim.h"
#include <stdlib.h>
#include <string.h>

enum { TEXT, DATA };                    // r->block slots

static void forget(Run *r, int slot)
{
    if (!r->block[slot])
        return;
    memset(r->block[slot], 0xdd, r->block_len[slot]);
    __asm__ volatile("" : : "r"(r->block[slot]) : "memory");    // or the compiler drops the store before free
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
    size_t len = (size_t)rows * sizeof(RKLLMResult);
    emit_done(r);
    return memset(r->h->page + r->h->page_len - len, 0, len);
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

static Answer call(Run *r, RKLLMResult *result, LLMCallState state, int rows)
{
    LLMResultCallback callback = (LLMResultCallback)r->h->result_callback;
    int answer = 0;
#if SIM_ABI >= 10201
    answer = callback(result, r->rq.userdata, state);
#else
    callback(result, r->rq.userdata, state);
#endif
    if (result)
        memset(result, 0xdd, (size_t)rows * sizeof *result);
    if (answer == 2 && SIM_ABI >= 10300)
        emit_done(r);
    return answer == 1 ? SAY_PAUSE : answer == 2 ? SAY_RELEASE : SAY_GO;
}

Answer emit_text(Run *r, LLMCallState state, int32_t id, const char *text, size_t len)
{
    RKLLMResult *result = results(r, 1);
    result->token_id = id;
    result->text = text ? keep_text(r, text, len) : NULL;
    return call(r, result, state, 1);
}

// Bytes at the end that begin a character and do not finish it.
static size_t unfinished(const char *s, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)s[len - back];
        if (c < 0x80)
            return 0;
        if (c > 0xf4)
            return 0;
        if (c >= 0xc2)
            return back < (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) ? back : 0;
    }
    return 0;
}

// Shapes of a split character: A waiting without text, then all of it; B each part as it comes;
// C the parts while waiting, then all of it again.
Answer emit_token(Run *r, const Token *t)
{
    Buf *tail = &r->h->tail;
    if (t->null_text)
        return emit_text(r, RKLLM_RUN_NORMAL, t->id, NULL, 0);
    if (t->raw || (!tail->n && t->len && !(t->text[t->len - 1] & 0x80)))
        return emit_text(r, RKLLM_RUN_NORMAL, t->id, t->text, t->len);
    buf_put(tail, t->text, t->len);
    if (unfinished(tail->p, tail->n))
        return emit_text(r, RKLLM_RUN_WAITING, t->id, r->shape == 'A' ? NULL : t->text, t->len);
    Answer a = r->shape == 'B' ? emit_text(r, RKLLM_RUN_NORMAL, t->id, t->text, t->len)
                               : emit_text(r, RKLLM_RUN_NORMAL, t->id, tail->p, tail->n);
    tail->n = 0;
    return a;
}

Answer emit_floats(Run *r, bool logits, float *data, int dim, int count)
{
    RKLLMResult *result = results(r, 1);
    LLMCallState state = RKLLM_RUN_NORMAL;
    r->block[DATA] = data;
    r->block_len[DATA] = (size_t)dim * (size_t)count * sizeof *data;
#if SIM_ABI >= 10200
    if (logits)
        result->logits = (RKLLMResultLogits){data, dim, count};
#else
    state = RKLLM_RUN_GET_LAST_HIDDEN_LAYER;
#endif
    if (!logits)
        result->last_hidden_layer = (RKLLMResultLastHiddenLayer){data, dim, count};
    return call(r, result, state, 1);
}

Answer emit_finish(Run *r, bool null_result)
{
    RKLLMResult *result = results(r, 1);
#if SIM_ABI >= 10201
    result->perf.prefill_time_ms = (float)r->prefill_us / 1000;
    result->perf.prefill_tokens = r->prefill_tokens;
    result->perf.generate_time_ms = (float)(now_us() - r->first_us) / 1000;
    result->perf.generate_tokens = r->emitted > 0 ? r->emitted - 1 : 0;     // the first one belongs to prefill
    result->perf.memory_usage_mb = (float)r->h->model.memory_mb;
#endif
    return call(r, null_result ? NULL : result, RKLLM_RUN_FINISH, 1);
}

// n_batch > 1: an array of results; a finished row has a negative token_id and no text.
Answer emit_rows(Run *r, const Token *rows, const bool *done, int count)
{
    RKLLMResult *result = results(r, count);
    Buf all = {0};
    size_t at[32];
    for (int i = 0; i < count; i++) {
        at[i] = all.n;
        if (!done[i])
            buf_put(&all, rows[i].text, rows[i].len), buf_put(&all, "", 1);
    }
    char *text = keep_text(r, all.p ? all.p : "", all.n);
    for (int i = 0; i < count; i++) {
        result[i].token_id = done[i] ? -1 : rows[i].id;
        result[i].text = done[i] ? NULL : text + at[i];
    }
    free(all.p);
    return call(r, result, RKLLM_RUN_NORMAL, count);
}
