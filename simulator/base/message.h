// message.h - prints the simulator's own messages to stderr. For the log lines of the vendor's library see log.h.
#pragma once

void message(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));
