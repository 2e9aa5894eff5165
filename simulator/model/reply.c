// reply.c - see reply.h.
#include "model/reply.h"
#include "model/continuation.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_LIKENESS 0.5              // of a document to the reply, so that it counts as a beginning of it

static void start(Reply *r, ReplyKind kind)
{
    free(r->text);
    free(r->ends);
    free(r->ids);
    *r = (Reply){.kind = kind, .lead = r->lead, .lead_len = r->lead_len, .lead_pos = r->lead_pos, .delay_us = -1};
}

void reply_text(Reply *r, const char *text, size_t len)
{
    start(r, REPLY_TEXT);
    r->text = text_copy(text, len);
    r->len = len;
    r->count = 1;
}

void reply_spelled(Reply *r, const char *text, size_t len)
{
    reply_text(r, text, len);
    r->spells = true;
}

void reply_count(Reply *r, long count)
{
    start(r, REPLY_COUNT);
    r->count = count;
}

void reply_same(Reply *r, const char *text, long count)
{
    start(r, REPLY_SAME);
    r->len = strlen(text);
    r->text = text_copy(text, r->len);
    r->count = count;
}

void reply_push(Reply *r, const char *bytes, size_t len, int32_t id)
{
    if (r->kind != REPLY_LIST)
        start(r, REPLY_LIST);
    r->text = realloc(r->text, r->len + len + 1);
    r->ends = realloc(r->ends, (size_t)(r->count + 1) * sizeof *r->ends);
    r->ids = realloc(r->ids, (size_t)(r->count + 1) * sizeof *r->ids);
    if (!r->text || !r->ends || !r->ids)
        abort();
    if (len)
        memcpy(r->text + r->len, bytes, len);
    r->len += len;
    r->ends[r->count] = (uint32_t)r->len;
    r->ids[r->count++] = id;
}

void reply_lead(Reply *r, const char *text, size_t len)
{
    Buf b = {0};
    buf_put(&b, text, len);
    buf_put(&b, r->lead, r->lead_len);
    free(r->lead);
    r->lead = b.p;
    r->lead_len = b.n;
}

// A reply goes on behind a beginning of its text. Behind a corrected JSON document, it goes on at the corresponding place.
void reply_continue(Reply *r, const char *before, size_t len)
{
    double likeness = 0;
    size_t at = 0;
    if (r->kind != REPLY_TEXT || r->count != 1 || r->spells || r->continues || !len)
        return;
    if (r->len >= len && !memcmp(r->text, before, len))
        at = len;
    else if (*before == '{' || *before == '[')
        at = continuation_find((Span){r->text, r->len}, (Span){before, len}, &likeness);
    if (likeness > 0 && likeness < LEAST_LIKENESS)
        at = 0;
    char *rest = text_copy(r->text + at, r->len - at);
    long delay = r->delay_us;
    reply_text(r, rest, strlen(rest));
    r->delay_us = delay;
    free(rest);
}

// Returns the first token of a text of this length, cut as a tokenizer does.
static Token cut(const Tokenizer *t, const char *text, size_t len)
{
    size_t n = tokenizer_cut(t, text, len);
    return (Token){tokenizer_id(t, text, n), text, n, -1, false, false};
}

static bool next_of_text(Reply *r, const Tokenizer *t, Token *out)
{
    if (r->pos == r->len && r->len && r->done + 1 < r->count) {
        r->done++;
        r->pos = 0;
    }
    if (r->pos == r->len)
        return false;
    const char *text = r->text + r->pos;
    size_t control = r->spells ? tokenizer_control(t, text, r->len - r->pos) : 0;
    if (r->pos + control > r->spelled)
        r->spelled = r->pos + control;
    *out = r->pos < r->spelled ? (Token){tokenizer_id(t, text, 1), text, 1, -1, false, false} : cut(t, text, r->len - r->pos);
    r->pos += out->len;
    return true;
}

static bool next_counted(Reply *r, const Tokenizer *t, Token *out)
{
    if (r->count >= 0 && r->done == r->count)
        return false;
    long i = r->done++;
    const char *text = r->text;
    size_t len = r->len;
    if (r->kind == REPLY_COUNT) {
        text = r->scratch;
        len = (size_t)snprintf(r->scratch, sizeof r->scratch, " %ld", i + 1);
    } else if (r->kind == REPLY_LIST) {
        size_t begin = i ? r->ends[i - 1] : 0;
        text += begin;
        len = r->ends[i] - begin;
    }
    int32_t id = r->kind == REPLY_LIST && r->ids[i] >= 0 ? r->ids[i] : tokenizer_id(t, text, len);
    *out = (Token){id, text, len, -1, false, false};
    return true;
}

bool reply_next(Reply *r, const Tokenizer *t, Token *out)
{
    if (r->lead_pos < r->lead_len) {
        *out = cut(t, r->lead + r->lead_pos, r->lead_len - r->lead_pos);
        r->lead_pos += out->len;
        return true;
    }
    if (!(r->kind == REPLY_TEXT ? next_of_text(r, t, out) : next_counted(r, t, out)))
        return false;
    out->delay_us = r->delay_us;
    out->raw = r->raw;
    return true;
}

void reply_rewind(Reply *r)
{
    r->pos = r->spelled = 0;
    r->done = 0;
}

// Puts at most 256 tokens of an endless reply.
void reply_rest(const Reply *r, Buf *out)
{
    buf_put(out, r->lead + r->lead_pos, r->lead_len - r->lead_pos);
    if (r->kind == REPLY_TEXT)
        buf_put(out, r->text + r->pos, r->len - r->pos);
    else if (r->kind == REPLY_LIST) {
        size_t begin = r->done ? r->ends[r->done - 1] : 0;
        buf_put(out, r->text + begin, r->len - begin);
    } else {
        for (long i = r->done; i < r->done + 256 && (r->count < 0 || i < r->count); i++)
            if (r->kind == REPLY_COUNT)
                buf_printf(out, " %ld", i + 1);
            else
                buf_put(out, r->text, r->len);
    }
}

void reply_free(Reply *r)
{
    free(r->lead);
    free(r->text);
    free(r->ends);
    free(r->ids);
    memset(r, 0, sizeof *r);
}
