// log.c - see log.h.
#include "base/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int log_level(void)
{
    const char *v = getenv("RKLLM_LOG_LEVEL");
    return v ? atoi(v) : 0;
}

// One fwrite per line, so that lines of different threads do not mix.
void log_line(const char *format, ...)
{
    va_list args;
    char line[1025];
    va_start(args, format);
    vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    size_t len = strlen(line);
    line[len] = '\n';
    fwrite(line, 1, len + 1, stdout);
}
