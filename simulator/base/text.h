// text.h - a growing byte buffer, NUL-terminated after the first put. Out of memory ends the process.
#pragma once
#include <stddef.h>

typedef struct { char *p; size_t n, cap; } Buf;
void buf_put(Buf *b, const void *bytes, size_t len);
void buf_text(Buf *b, const char *text);
void buf_printf(Buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *text_copy(const char *text, size_t len);              // malloc, NUL-terminated

typedef struct { const char *p; size_t n; } Span;           // a part of someone else's text
