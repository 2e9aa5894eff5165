// message.c - prints "STANDIN <topic>: <text>". The first word is the former name of the simulator. It must not change,
// because test suites outside this repository match these lines.
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
