// memory.c - see memory.h.
#include "base/memory.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Lets the kernel read the bytes: if they are not readable, write to a pipe fails with EFAULT. Tests one page at a time.
bool readable(const void *p, size_t len)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int fds[2] = {-1, -1};
    char sink[4096];
    bool ok = p != NULL;
    pthread_mutex_lock(&lock);
    if (fds[0] < 0 && pipe2(fds, O_CLOEXEC))
        fds[0] = -1;
    for (const char *at = p; ok && len && fds[0] >= 0;) {
        size_t n = len < sizeof sink ? len : sizeof sink;
        ssize_t put = write(fds[1], at, n);
        ok = put > 0 && read(fds[0], sink, (size_t)put) == put;
        at += ok ? put : 0;
        len -= ok ? (size_t)put : 0;
    }
    pthread_mutex_unlock(&lock);
    return ok;
}

bool readable_text(const char *s)
{
    while (readable(s, 1)) {
        size_t rest = 4096 - ((uintptr_t)s & 4095);     // if one byte is readable, its whole page is
        if (memchr(s, 0, rest))
            return true;
        s += rest;
    }
    return false;
}

Mapping mapping(const void *p)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512], mode[8];
    unsigned long begin, end;
    Mapping found = MAPPING_UNKNOWN;
    while (maps && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx %7s", &begin, &end, mode) == 3 && (uintptr_t)p >= begin && (uintptr_t)p < end)
            found = mode[2] == 'x' ? MAPPING_CODE : MAPPING_DATA;
    if (maps)
        fclose(maps);
    return found;
}
