// violation.h - reports violations of the ABI by the host.
#pragma once

typedef enum { VIOLATION_ABORTS, VIOLATION_FAILS, VIOLATION_UNCHECKED } ViolationMode;

ViolationMode violation_mode(void);     // the setting ABI: abort, fail or real
void violation(const char *format, ...) __attribute__((format(printf, 1, 2)));  // aborts the process if the mode says so
