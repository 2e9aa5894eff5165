// log.h - prints the log lines of the vendor's library to stdout, through buffered stdio. Never flushes.
#pragma once

int log_level(void);                    // RKLLM_LOG_LEVEL, a variable of the vendor's library; 0 if unset
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
