// text.h - a growing byte buffer, NUL-terminated after the first put. Aborts the process if memory runs out.
#pragma once
#include <stddef.h>

typedef struct { char *p; size_t n, cap; } Buf;
void buf_put(Buf *b, const void *bytes, size_t len);
void buf_text(Buf *b, const char *text);
void buf_printf(Buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *text_copy(const char *text, size_t len);              // NUL-terminated; the caller frees it

typedef struct { const char *p; size_t n; } Span;           // a part of a text; does not own it
