// reply_faults.c - see reply_faults.h.
#include "run/reply_faults.h"
#include "base/board.h"
#include <stdlib.h>
#include <string.h>

static void leak(long mb)
{
    static void *kept;                  // a list of all blocks, so that leak checkers report nothing
    void **block = malloc((size_t)mb << 20);
    if (!block)
        return;
    memset(block, 1, (size_t)mb << 20);
    *block = kept;
    kept = block;
}

// Replaces the reply of the script if a fault says so.
static void replace_reply(Run *r)
{
    Reply *reply = &r->h->reply;
    const FaultSet *f = &r->faults;
    bool second = faulty(f, FAULT_second_instance_garbage) && handles_alive() > 1 &&
                  strverscmp(runtime_version(), "1.2.2") < 0;
    if (faulty(f, FAULT_loop_token))
        reply_same(reply, " again", -1);
    if (faulty(f, FAULT_garbage_tokens) || second)
        reply_same(reply, "[PAD151935]", -1);
    if (faulty(f, FAULT_empty_stream))
        reply_text(reply, "", 0);
    if (faulty(f, FAULT_invalid_utf8)) {
        const char *pieces[] = {"ok ", "\xff", "\xc0\xaf", " then ", "\xe4\xbd"};
        reply_text(reply, "", 0);
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
            reply_push(reply, pieces[i], strlen(pieces[i]), -1);
        reply->raw = true;
    }
    if (faulty(f, FAULT_embedded_control_chars)) {
        const char text[] = "a\x01" "b\x1b[31mc\r\n\td\x7f" "e\"f\\g\x08h";
        reply_text(reply, text, sizeof text - 1);
    }
    if (faulty(f, FAULT_huge_piece)) {
        size_t len = (size_t)fault_number(f, FAULT_huge_piece, 1 << 20);
        char *text = malloc(len + 1);
        memset(text, 'x', len);
        reply_text(reply, "", 0);
        reply_push(reply, text, len, -1);
        free(text);
    }
}

void reply_faults_apply(Run *r)
{
    Handle *h = r->h;
    replace_reply(r);
    if (h->stale)
        reply_lead(&h->reply, h->stale, strlen(h->stale));
    free(h->stale);
    h->stale = NULL;
    if (faulty(&r->faults, FAULT_leak))
        leak(fault_number(&r->faults, FAULT_leak, 1));
    if (r->rq.type == RKLLM_INPUT_MULTIMODAL && faulty(&r->faults, FAULT_image_leak) && !r->rq.keep_history)
        leak((long)r->rq.n_image * fault_number(&r->faults, FAULT_image_leak, 2));
}

void reply_faults_end(Run *r)
{
    Buf rest = {0};
    if (!faulty(&r->faults, FAULT_stale_tail) || r->aborted || r->paused)
        return;
    reply_rest(&r->h->reply, &rest);
    if (rest.n)
        r->h->stale = rest.p;
    else
        free(rest.p);
}
