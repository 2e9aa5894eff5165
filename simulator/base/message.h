// message.h - what the simulator itself reports, on stderr. The vendor's log lines: log.h.
#pragma once

void message(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));
