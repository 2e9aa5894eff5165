// violation.c - see violation.h.
#include "base/violation.h"
#include "base/message.h"
#include "base/settings.h"
#include "base/trace.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

ViolationMode violation_mode(void)
{
    if (setting_is(SETTING_ABI, "real"))
        return VIOLATION_UNCHECKED;
    if (setting_is(SETTING_ABI, "fail"))
        return VIOLATION_FAILS;
    return VIOLATION_ABORTS;
}

void violation_report(const char *topic, const char *text)
{
    message(topic, "%s", text);
    if (trace_on()) {
        Buf b = {0};
        trace_begin(&b, "violation");
        trace_text(&b, "text", text);
        trace_end(&b);
    }
}

void violation(const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    violation_report("ABI", text);
    if (violation_mode() == VIOLATION_ABORTS)
        abort();
}
