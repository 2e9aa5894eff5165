// guard_page.h - memory that ends at an unmapped page, so that reading past a result faults.
#pragma once
#include <stddef.h>

typedef struct { unsigned char *bytes; size_t len, guard_len; } GuardPage;

void guard_page_new(GuardPage *g, size_t len);                  // at least len bytes
void *guard_page_tail(const GuardPage *g, size_t len);          // the last len bytes before the guard, cleared
void guard_page_free(GuardPage *g);
