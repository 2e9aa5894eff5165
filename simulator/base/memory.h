// memory.h - checks of pointers that the host passed. A bad one does not crash.
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef enum { MAPPING_UNKNOWN, MAPPING_DATA, MAPPING_CODE } Mapping;

bool readable(const void *p, size_t len);
bool readable_text(const char *s);      // up to its NUL
Mapping mapping(const void *p);
