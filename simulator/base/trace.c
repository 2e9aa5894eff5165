// trace.c - see trace.h.
#include "base/trace.h"
#include "base/clock.h"
#include "base/message.h"
#include "base/settings.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

bool trace_on(void) { return *setting(SETTING_TRACE, ""); }

void trace_begin(Buf *b, const char *call)
{
    static atomic_long sequence;
    buf_printf(b, "{\"seq\":%ld,\"pid\":%d,\"thread\":%ld,\"us\":%lld,\"call\":\"%s\"", atomic_fetch_add(&sequence, 1) + 1,
               (int)getpid(), (long)syscall(SYS_gettid), now_us(), call);
}

void trace_int(Buf *b, const char *key, long long value) { buf_printf(b, ",\"%s\":%lld", key, value); }

void trace_float(Buf *b, const char *key, double value)
{
    buf_printf(b, isfinite(value) ? ",\"%s\":%.9g" : ",\"%s\":\"%g\"", key, value);
}

// Returns the length of the character that begins at s; 0 if the bytes are not valid UTF-8.
static size_t character(const unsigned char *s, size_t len)
{
    static const struct { unsigned char first, last, second_min, second_max; size_t len; } forms[] = {
        {0x00, 0x7f, 0, 0, 1},
        {0xc2, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3},            // no overlong form
        {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3},            // no surrogate
        {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4},            // no overlong form
        {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},            // nothing above U+10FFFF
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (*s < forms[i].first || *s > forms[i].last)
            continue;
        if (forms[i].len > len || (forms[i].len > 1 && (s[1] < forms[i].second_min || s[1] > forms[i].second_max)))
            return 0;
        for (size_t k = 2; k < forms[i].len; k++)
            if ((s[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].len;
    }
    return 0;
}

// Writes bytes that are not UTF-8 as \u0080..\u00ff, so that the line stays valid JSON.
static void put_string(Buf *b, const unsigned char *s, size_t len)
{
    buf_put(b, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        size_t n = character(s + i, len - i);
        if (s[i] == '"' || s[i] == '\\')
            buf_printf(b, "\\%c", s[i]);
        else if (s[i] < 0x20 || !n)
            buf_printf(b, "\\u%04x", s[i]);
        else {
            buf_put(b, s + i, n);
            i += n - 1;
        }
    }
    buf_put(b, "\"", 1);
}

void trace_text(Buf *b, const char *key, const char *text)
{
    buf_printf(b, ",\"%s\":", key);
    if (text)
        put_string(b, (const unsigned char *)text, strlen(text));
    else
        buf_text(b, "null");
}

void trace_hex(Buf *b, const char *key, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    buf_printf(b, ",\"%s\":\"", key);
    for (size_t i = 0; i < len; i++)
        buf_printf(b, "%02x", p[i]);
    buf_put(b, "\"", 1);
}

void trace_ids(Buf *b, const char *key, const int32_t *ids, size_t count)
{
    buf_printf(b, ",\"%s\":[", key);
    for (size_t i = 0; i < count; i++)
        buf_printf(b, i ? ",%d" : "%d", ids[i]);
    buf_put(b, "]", 1);
}

void trace_end(Buf *b)
{
    buf_put(b, "}\n", 2);
    int fd = open(setting(SETTING_TRACE, ""), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0) {
        if (write(fd, b->p, b->n) < 0)
            message("TRACE", "%s", strerror(errno));
        close(fd);
    }
    free(b->p);
    *b = (Buf){0};
}

void trace_call(const char *call)
{
    if (!trace_on())
        return;
    Buf b = {0};
    trace_begin(&b, call);
    trace_end(&b);
}
