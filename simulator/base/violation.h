// violation.h - what happens when the host breaks the ABI.
#pragma once

typedef enum { VIOLATION_ABORTS, VIOLATION_FAILS, VIOLATION_UNCHECKED } ViolationMode;

ViolationMode violation_mode(void);     // the setting ABI: abort, fail or real
void violation(const char *format, ...) __attribute__((format(printf, 1, 2)));  // reports it; may end the process
