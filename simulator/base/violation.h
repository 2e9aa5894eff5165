// violation.h - reports violations of the ABI, and of other rules, by the host.
#pragma once

typedef enum { VIOLATION_ABORTS, VIOLATION_FAILS, VIOLATION_UNCHECKED } ViolationMode;

ViolationMode violation_mode(void);     // the setting ABI: abort, fail or real
void violation_report(const char *topic, const char *text);      // prints and traces it; never aborts
void violation(const char *format, ...) __attribute__((format(printf, 1, 2)));  // aborts the process if the mode says so
