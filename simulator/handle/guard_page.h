// guard_page.h - memory that is followed by an inaccessible page, so that a read beyond a result crashes.
#pragma once
#include <stddef.h>

typedef struct { unsigned char *bytes; size_t len, guard_len; } GuardPage;

void guard_page_new(GuardPage *g, size_t len);                  // at least len bytes
void *guard_page_tail(const GuardPage *g, size_t len);          // clears and returns the len bytes before the guard page
void guard_page_free(GuardPage *g);
