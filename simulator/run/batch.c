// batch.c - n_batch > 1: rows of one call, side by side; no pause, no prefix reuse, no split characters.
#include "sim.h"
#include <stdlib.h>
#include <string.h>

int run_batch(Run *r, const RKLLMInput *input, const RKLLMInferParam *infer)
{
    Handle *h = r->h;
    int rows = h->n_batch, left = rows, ret = 0;
    Reply replies[32] = {0};
    Token tokens[32] = {0};
    bool done[32] = {false};
    if (r->rq.mode == 2) {
        log_line("E rkllm: Getting the logits is not supported for multiple batches.");
        return -1;
    }
    for (int i = 0; i < rows && !ret; i++) {        // stride: this build's sizeof(RKLLMInput)
        Run row = {.h = h, .rq = request_read(h, &input[i], infer, r->rq.userdata)};
        ret = run_prompt(&row);
        if ((int)row.n_ids > h->window)
            ret = -1;
        replies[i] = h->reply;
        h->reply = (Reply){0};
        h->batch_kv[i] = (int)row.n_ids;
        r->prefill_tokens += (int)row.n_ids;
        free(row.prompt);
        free(row.ids);
    }
    r->begin_us = r->first_us = now_us();
    for (int step = 0; !ret && left && !(r->aborted = abort_due(h)); step++) {
        bool full = r->rq.max_new > 0 && step >= r->rq.max_new;
        for (int i = 0; i < rows; i++)
            if (!done[i] && (full || !reply_next(&replies[i], &h->model, &tokens[i])))
                done[i] = true, left--;
            else if (!done[i])
                h->batch_kv[i]++, r->emitted++;
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
