// log.h - the lines that the vendor's library prints, through buffered stdio to stdout. Nothing here flushes it.
#pragma once

int log_level(void);                    // RKLLM_LOG_LEVEL, the vendor's own variable
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
