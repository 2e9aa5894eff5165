// generate.c - see generate.h. No lock is held during a callback.
#include "run/generate.h"
#include "abi/facts.h"
#include "base/clock.h"
#include "base/log.h"
#include "handle/abort.h"
#include "handle/prompt_cache.h"
#include "model/vectors.h"
#include "node/npu.h"
#include "run/emit.h"
#include "run/process_faults.h"
#include <string.h>

#define LOGIT_OF_NEXT 10

// The simulated duration of the prefill in microseconds.
static double prefill_us(const Run *r)
{
    if (faulty(&r->faults, FAULT_slow_prefill))
        return (double)r->n_ids * 1000 * (double)fault_number(&r->faults, FAULT_slow_prefill, 10);
    return r->speed > 0 ? r->prefill_tokens * r->h->model.prefill_ms * 1000 / r->speed : 0;
}

// An abort does not end the prefill, as on a board.
static void prefill(Run *r)
{
    Handle *h = r->h;
    r->begin_us = now_us();
    double us = prefill_us(r);
    if (faulty(&r->faults, FAULT_hang) && !strcmp(fault_arg(&r->faults, FAULT_hang), "prefill"))
        hang();
    if (us > 0)
        wait_until(h, r->begin_us + (long long)us, false);
    r->first_us = r->deadline_us = now_us();
    r->prefill_us = r->first_us - r->begin_us;
}

// Waits for the decode time of one token. The time of the host's callback counts as part of it. If the callback took
// longer than that, the next token still takes its full time.
static void decode_wait(Run *r, long delay_us)
{
    double us = (double)delay_us;       // -1: the model's decode time
    if (delay_us < 0)
        us = r->speed > 0 ? r->h->model.decode_ms * 1000 / r->speed : 0;
    if (us <= 0)
        return;
    long long now = now_us();
    if (r->deadline_us + (long long)us <= now)
        r->deadline_us = now;
    r->deadline_us += (long long)us;
    wait_until(r->h, r->deadline_us, true);
}

// Returns false at the end of the reply.
static bool next_token(Run *r, Token *t)
{
    Handle *h = r->h;
    const Tokenizer *tokenizer = &h->model.tokenizer;
    if (!reply_next(&h->reply, tokenizer, t)) {
        if (!h->ignore_eos && !faulty(&r->faults, FAULT_eos_ignored))
            return false;
        reply_rewind(&h->reply);
        if (!reply_next(&h->reply, tokenizer, t))
            *t = (Token){'!', "!", 1, -1, false, false};
    }
    if (atomic_load_explicit(&h->scrambled, memory_order_relaxed))
        *t = (Token){151935 % h->model.vocab, "[PAD151935]", 11, -1, true, false};
    if (!h->model.has_tokenizer) {      // without a tokenizer the token has no text, only an id
        t->text = "";
        t->len = 0;
        t->raw = true;
    }
    const Piece *piece = h->skip_special && tokenizer->has_special ? tokenizer_piece(tokenizer, t->id) : NULL;
    if (piece && piece->special)
        t->len = 0;
    t->null_text |= faulty(&r->faults, FAULT_null_text) && r->emitted % 2 == 0;
    return true;
}

static bool ends_thoughts(const Run *r, const Token *t)
{
    return t->len == 8 && faulty(&r->faults, FAULT_finish_at_think_end) && !memcmp(t->text, "</think>", 8);
}

static bool aborted(Run *r)
{
    r->aborted = abort_due(r->h);
    return r->aborted;
}

// Delivers the end-of-text token. Neither the KV cache nor the statistics count it.
static void end_of_sequence(Run *r)
{
    const Handle *h = r->h;
    const char *text = h->skip_special ? "" : h->model.eos;
    decode_wait(r, -1);
    if (!aborted(r))
        emit_text(r, RKLLM_RUN_NORMAL, h->model.eos_id, text, strlen(text));
}

// Returns false if no FINISH callback follows.
static bool generate_text(Run *r)
{
    Handle *h = r->h;
    int limit = r->rq.max_new;
    Token t;
    if (faulty(&r->faults, FAULT_null_result))
        emit_null(r, RKLLM_RUN_WAITING);
    while (!aborted(r) && (limit <= 0 || r->emitted < limit)) {
        if (process_faults(r))
            return false;
        if (!next_token(r, &t)) {
            if (!faulty(&r->faults, FAULT_empty_stream))
                end_of_sequence(r);
            break;
        }
        if (r->emitted || t.delay_us >= 0)
            decode_wait(r, t.delay_us);
        if (aborted(r) || ends_thoughts(r, &t))
            break;
        r->emitted++;
        kv_push(&h->kv, t.id);
        if (emit_token(r, &t) == ACTION_PAUSE) {
            h->paused = r->paused = true;
            return false;
        }
    }
    return true;
}

static void generate_hidden_layer(Run *r)
{
    int dim = r->h->model.embd;
    if (abi_facts->text_before_hidden_layer)
        emit_text(r, RKLLM_RUN_NORMAL, 0, NULL, 0);
    if (!abort_due(r->h))
        emit_hidden_layer(r, model_vectors(r->ids, r->n_ids, dim), dim, (int)r->n_ids);
}

// Returns the id of the token that the library samples next, without taking it from the reply.
static int32_t sampled_id(Run *r)
{
    Reply before = r->h->reply;
    Token t;
    int32_t id = next_token(r, &t) ? t.id : r->h->model.eos_id;
    r->h->reply = before;
    return id;
}

static void set_logit(const Model *m, float *row, int32_t id, double value)
{
    if (id >= 0 && id < m->vocab)
        row[id] = (float)value;
}

// Delivers one row for each id. The last row has its maximum at the next token. For a rerank prompt, the softmax of "yes" and
// "no" is 0.98 if all words of the query occur in the document, and 0.02 if none does.
static CallbackAction deliver_logits(Run *r, const int32_t *ids, size_t count)
{
    const Model *m = &r->h->model;
    float *rows = model_vectors(ids, count, m->vocab), *last = rows + (count - 1) * (size_t)m->vocab;
    double margin = 1.9 * (2 * r->share - 1);
    if (faulty(&r->faults, FAULT_stale_logits) && r->prefill_tokens < (int)r->n_ids) {
        if (!strcmp(fault_arg(&r->faults, FAULT_stale_logits), "segv"))
            crash();
        margin = -margin;
    }
    set_logit(m, last, sampled_id(r), LOGIT_OF_NEXT);
    if (r->rerank && !r->emitted) {
        set_logit(m, last, tokenizer_id(&m->tokenizer, "yes", 3), LOGIT_OF_NEXT + margin);
        set_logit(m, last, tokenizer_id(&m->tokenizer, "no", 2), LOGIT_OF_NEXT - margin);
    }
    return emit_logits(r, rows, m->vocab, (int)count);
}

// Delivers the rows of the prompt, then one row for each token that the library samples itself. Returns false if no FINISH
// callback follows.
static bool generate_logits(Run *r)
{
    Handle *h = r->h;
    CallbackAction action = ACTION_CONTINUE;
    Token t;
    if (process_faults(r))
        return false;
    if (!r->resumed && r->n_ids && !aborted(r))
        action = deliver_logits(r, r->ids, r->n_ids);
    while (action != ACTION_PAUSE && !aborted(r) && (r->rq.max_new <= 0 || r->emitted < r->rq.max_new)) {
        if (process_faults(r))
            return false;
        if (!next_token(r, &t))
            break;
        decode_wait(r, t.delay_us);
        if (aborted(r))
            break;
        r->emitted++;
        kv_push(&h->kv, t.id);
        action = deliver_logits(r, &t.id, 1);
    }
    if (action == ACTION_PAUSE)
        h->paused = r->paused = true;
    return action != ACTION_PAUSE;
}

// Returns false if no FINISH callback follows.
static bool generate_mode(Run *r)
{
    if (faulty(&r->faults, FAULT_matmul_failed)) {
        for (int i = 0; i < 3; i++)
            log_line("E rkllm: matmul(w8a8) run failed");
        return true;
    }
    if (r->rq.mode == RKLLM_INFER_GENERATE)
        return generate_text(r);
    if (r->rq.mode == 2)                // RKLLM_INFER_GET_LOGITS, which 1.1 does not declare
        return generate_logits(r);
    generate_hidden_layer(r);
    return true;
}

static bool finishes(const Run *r)
{
    bool data_only = !strcmp(fault_arg(&r->faults, FAULT_no_finish), "data");
    return !faulty(&r->faults, FAULT_no_finish) || (data_only && r->rq.mode == RKLLM_INFER_GENERATE);
}

void generate(Run *r)
{
    const FaultSet *f = &r->faults;
    r->npu = npu_enter();
    prefill(r);
    if (r->async && faulty(f, FAULT_async_hang))
        hang();
    if (r->async && faulty(f, FAULT_async_no_callback))
        return;
    if (!generate_mode(r))
        return;
    if (r->rq.save_cache && prompt_cache_save(r->h, r->rq.cache_path, r->aborted))
        r->ret = -1;
    if (!finishes(r))
        return;
    emit_finish(r, faulty(f, FAULT_null_result));
    if (faulty(f, FAULT_double_finish))
        emit_finish(r, false);
}
