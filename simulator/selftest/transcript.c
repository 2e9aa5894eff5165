// transcript.c - writes the arguments of each callback into seen->text, in a short notation.
#define _GNU_SOURCE
#include "selftest/harness.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void note(const char *format, ...)
{
    va_list args;
    size_t n = strlen(seen->text);
    va_start(args, format);
    if (n < sizeof seen->text - 200)
        vsnprintf(seen->text + n, sizeof seen->text - n, format, args);
    va_end(args);
}

static void note_text(const RKLLMResult *r)
{
    bool plain = true;
    for (const char *p = r->text; *p; p++)
        plain &= *p >= 0x20 && *p < 0x7f;
    if (plain) {
        note("[%.40s]", r->text);
        return;
    }
    note("<");
    for (const char *p = r->text; *p && p < r->text + 40; p++)
        note("%02x", (unsigned char)*p);
    note(">");
}

#if SIM_ABI >= 10201
static void keep_perf(const RKLLMResult *r)
{
    seen->prefill_tokens = r->perf.prefill_tokens;
    seen->generate_tokens = r->perf.generate_tokens;
}
#else
static void keep_perf(const RKLLMResult *r) { (void)r; }
#endif

#if SIM_ABI >= 10200
static bool note_logits(const RKLLMResult *r)
{
    if (r->logits.logits)
        note("L%dx%d", r->logits.vocab_size, r->logits.num_tokens);
    return r->logits.logits;
}
#else
static bool note_logits(const RKLLMResult *r)
{
    (void)r;
    return false;
}
#endif

static bool note_hidden_layer(const RKLLMResult *r)
{
    const RKLLMResultLastHiddenLayer *layer = &r->last_hidden_layer;
    if (!layer->hidden_states)
        return false;
    note("H%dx%d", layer->embd_size, layer->num_tokens);
    memcpy(seen->row, layer->hidden_states + (layer->num_tokens - 1) * layer->embd_size, sizeof seen->row);
    return true;
}

// Notation: [text] or <hex>; w before it for WAITING; - for no text; 0 for no result; H for a hidden layer; L for logits;
// F for FINISH; E for ERROR.
static void note_call(const RKLLMResult *r, LLMCallState state)
{
    if (state == RKLLM_RUN_WAITING)
        note("w");
    if (state == RKLLM_RUN_ERROR)
        note("E");
    if (state == RKLLM_RUN_FINISH) {
        note("F");
        seen->finishes++;
        if (r)
            keep_perf(r);
        return;
    }
    if (!r)
        note("0");
    else if (note_hidden_layer(r) || note_logits(r))
        return;
    else if (r->text)
        note_text(r);
    else if (state == RKLLM_RUN_NORMAL)
        note("-");
}

int transcript_callback(RKLLMResult *r, void *userdata, LLMCallState state)
{
    if (seen->quiet)
        return 0;
    seen->thread = syscall(SYS_gettid);
    seen->userdata = userdata;
    seen->calls++;
    note_call(r, state);
    return on_callback ? on_callback(r, state) : 0;
}

bool said(const char *text)
{
    if (strcmp(seen->text, text)) {
        snprintf(seen->why, sizeof seen->why, "transcript is %.300s", seen->text);
        return false;
    }
    return true;
}
