// rknn_log.c - see rknn_log.h.
#include "rknn/rknn_log.h"
#include "base/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

void rknn_log(char level, const char *format, ...)
{
    char text[900];
    struct timespec now;
    struct tm local;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    log_line("%c RKNN: [%02d:%02d:%02d.%03d] %s", level, local.tm_hour, local.tm_min, local.tm_sec, (int)(now.tv_nsec / 1000000), text);
}
