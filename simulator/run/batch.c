// batch.c - see batch.h.
#include "run/batch.h"
#include "base/clock.h"
#include "base/log.h"
#include "handle/abort.h"
#include "node/npu.h"
#include "run/emit.h"
#include "run/prompt.h"
#include <stdlib.h>

// Prepares one row and moves its reply into reply. Returns -1 if the row is refused.
static int prepare_row(Run *r, int i, const RKLLMInput *input, const RKLLMInferParam *infer, Reply *reply)
{
    Handle *h = r->h;
    Run row = {.h = h, .rq = request_read(h, input, infer, r->rq.userdata)};
    int ret = prompt_prepare(&row);
    if ((int)row.n_ids > h->kv.window)
        ret = -1;
    *reply = h->reply;
    h->reply = (Reply){0};
    h->batch_kv[i] = (int)row.n_ids;
    r->prefill_tokens += (int)row.n_ids;
    free(row.prompt);
    free(row.ids);
    return ret;
}

// Takes one token of each row. Returns the number of rows that ended in this step.
static int step(Run *r, Reply *replies, Token *tokens, bool *done, bool full)
{
    int ended = 0;
    for (int i = 0; i < r->h->n_batch; i++) {
        if (done[i])
            continue;
        if (full || !reply_next(&replies[i], &r->h->model.tokenizer, &tokens[i])) {
            done[i] = true;
            ended++;
        } else {
            r->h->batch_kv[i]++;
            r->emitted++;
        }
    }
    return ended;
}

int run_batch(Run *r, const RKLLMInput *input, const RKLLMInferParam *infer)
{
    Handle *h = r->h;
    int rows = h->n_batch, left = rows, ret = 0;
    Reply replies[MAX_BATCH] = {0};
    Token tokens[MAX_BATCH] = {0};
    bool done[MAX_BATCH] = {false};
    if (r->rq.mode == 2) {
        log_line("E rkllm: Getting the logits is not supported for multiple batches.");
        return -1;
    }
    for (int i = 0; i < rows && !ret; i++)
        ret = prepare_row(r, i, &input[i], infer, &replies[i]);
    if (!ret)
        r->npu = npu_enter();
    r->begin_us = r->first_us = now_us();
    for (int steps = 0; !ret && left && !(r->aborted = abort_due(h)); steps++) {
        left -= step(r, replies, tokens, done, r->rq.max_new > 0 && steps >= r->rq.max_new);
        if (r->speed > 0)
            wait_until(h, now_us() + (long long)(h->model.decode_ms * 1000 / r->speed), true);
        emit_rows(r, tokens, done, rows);
    }
    for (int i = 0; i < rows; i++)
        reply_free(&replies[i]);
    if (!ret)
        emit_finish(r, false);
    return ret;
}
