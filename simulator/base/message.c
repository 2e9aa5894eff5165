// message.c - "STANDIN <topic>: <text>". The first word is the former name of the simulator: test suites outside
// this repository match these lines, so it stays.
#include "base/message.h"
#include <stdarg.h>
#include <stdio.h>

void message(const char *topic, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "STANDIN %s: %s\n", topic, text);
}
