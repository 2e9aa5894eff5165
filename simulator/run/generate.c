// generate.c - see generate.h. No lock is held during a callback.
#include "run/generate.h"
#include "abi/facts.h"
#include "base/clock.h"
#include "base/log.h"
#include "handle/abort.h"
#include "model/vectors.h"
#include "run/emit.h"
#include "run/process_faults.h"
#include <string.h>

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
    if (!r->resumed && r->rq.save_cache && kv_save(&h->kv, r->rq.cache_path))
        log_line("E rkllm: failed to save prompt cache to %s", r->rq.cache_path);
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

static void generate_logits(Run *r)
{
    int dim = r->h->model.vocab;
    if (!abort_due(r->h))
        emit_logits(r, model_vectors(r->ids, r->n_ids, dim), dim, (int)r->n_ids);
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
        generate_logits(r);
    else
        generate_hidden_layer(r);
    return true;
}

void generate(Run *r)
{
    const FaultSet *f = &r->faults;
    prefill(r);
    if (r->async && faulty(f, FAULT_async_hang))
        hang();
    if (r->async && faulty(f, FAULT_async_no_callback))
        return;
    if (!generate_mode(r) || faulty(f, FAULT_no_finish))
        return;
    emit_finish(r, faulty(f, FAULT_null_result));
    if (faulty(f, FAULT_double_finish))
        emit_finish(r, false);
}
