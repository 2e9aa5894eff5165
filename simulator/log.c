/* What a real library prints, through buffered stdio as it does, and a trace of everything that was received. */
#include "sim.h"
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *env(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value && *value ? value : fallback;
}

const char *sim_version(void)
{
    return env("RKLLM_STANDIN_VERSION", RKSIM_VERSION);
}

/* Never flushed here: in a crash the last lines are lost unless the host made stdout line-buffered. */
void say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
}

int log_level(void)
{
    return atoi(env("RKLLM_LOG_LEVEL", "0"));
}

bool trace_on(void)
{
    return env("RKLLM_STANDIN_TRACE", NULL) != NULL;
}

void trace_bytes(buffer *b, const char *key, const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    buffer_format(b, ",\"%s\":\"", key);
    for (size_t i = 0; i < length; i++)
        buffer_format(b, "%02x", p[i]);
    buffer_text(b, "\"");
}

void trace_line(const char *call, const buffer *fields)
{
    static _Atomic int sequence;
    const char *path = env("RKLLM_STANDIN_TRACE", NULL);
    if (!path)
        return;
    buffer line = {0};
    buffer_format(&line, "{\"seq\":%d,\"pid\":%d,\"thread\":%ld,\"call\":\"%s\"", ++sequence, (int)getpid(), syscall(SYS_gettid), call);
    if (fields && fields->data)
        buffer_add(&line, fields->data, fields->length);
    buffer_text(&line, "}\n");
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0) {
        if (write(fd, line.data, line.length) < 0)
            say("W rkllm: the trace could not be written");
        close(fd);
    }
    free(line.data);
}
