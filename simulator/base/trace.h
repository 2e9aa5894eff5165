// trace.h - the trace file, named by the setting TRACE. It has one JSON line per call of the host.
// A line is built in a Buf: begin, any number of keys, end. trace_end appends the line with one write and frees the Buf.
#pragma once
#include "base/text.h"
#include <stdbool.h>
#include <stdint.h>

bool trace_on(void);
void trace_begin(Buf *b, const char *call);
void trace_int(Buf *b, const char *key, long long value);
void trace_float(Buf *b, const char *key, double value);
void trace_text(Buf *b, const char *key, const char *text);     // writes null for NULL
void trace_hex(Buf *b, const char *key, const void *bytes, size_t len);
void trace_ids(Buf *b, const char *key, const int32_t *ids, size_t count);
void trace_end(Buf *b);
void trace_call(const char *call);      // writes a line without keys
