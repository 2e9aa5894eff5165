// memory.h - checks of pointers that the host passed. The checks do not crash on an invalid pointer.
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef enum { MAPPING_UNKNOWN, MAPPING_DATA, MAPPING_CODE } Mapping;

bool readable(const void *p, size_t len);
bool readable_text(const char *s);      // up to the terminating NUL
Mapping mapping(const void *p);
