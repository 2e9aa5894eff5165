// text.c - see text.h.
#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(Buf *b, size_t more)
{
    if (b->n + more + 1 <= b->cap)
        return;
    size_t cap = b->cap ? b->cap : 128;
    while (cap < b->n + more + 1)
        cap *= 2;
    b->p = realloc(b->p, cap);
    if (!b->p)
        abort();
    b->cap = cap;
}

void buf_put(Buf *b, const void *bytes, size_t len)
{
    reserve(b, len);
    if (len)
        memcpy(b->p + b->n, bytes, len);
    b->n += len;
    b->p[b->n] = 0;
}

void buf_text(Buf *b, const char *text) { buf_put(b, text, strlen(text)); }

void buf_printf(Buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    reserve(b, (size_t)len);
    vsnprintf(b->p + b->n, (size_t)len + 1, format, again);
    va_end(again);
    b->n += (size_t)len;
}

char *text_copy(const char *text, size_t len)
{
    Buf b = {0};
    buf_put(&b, text, len);
    return b.p;
}
