// ledger.c - see ledger.h. The file "models" has one line per model: process id, start time of the process, number of the
// model in the process, first domain, bytes. It is locked while it changes.
#include "node/ledger.h"
#include "base/message.h"
#include "base/settings.h"
#include "base/text.h"
#include "node/node_file.h"
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define DOMAIN_BYTES 4000000000ll       // a domain has 32-bit addresses; hosts in the field fill at most 4 * 10^9 bytes
#define DOMAINS 64

typedef struct { long pid; unsigned long long start; long number; int domain; long long bytes; } Entry;
typedef struct { int fd; Entry *entries; size_t count; } Ledger;

// Returns the start time of a process in clock ticks; 0 if it has ended, also if its parent has not waited for it yet.
static unsigned long long start_of(long pid)
{
    char path[64], text[1024], state = 'Z';
    unsigned long long start = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    const char *name_end = strrchr(text, ')');
    if (!name_end || sscanf(name_end + 1, " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
                            &state, &start) != 2)
        return 0;
    return state == 'Z' || state == 'X' ? 0 : start;
}

static bool alive(const Entry *e) { return e->start ? start_of(e->pid) == e->start : !kill((pid_t)e->pid, 0); }

static void put(Ledger *l, Entry e)
{
    l->entries = realloc(l->entries, (l->count + 1) * sizeof *l->entries);
    if (!l->entries)
        abort();
    l->entries[l->count++] = e;
}

// Opens and locks the ledger, and reads the entries of live processes. Returns false without a node.
static bool open_ledger(Ledger *l)
{
    *l = (Ledger){.fd = node_on() ? node_open("models", O_RDWR) : -1};
    if (l->fd < 0)
        return false;
    flock(l->fd, LOCK_EX);
    FILE *f = fdopen(fcntl(l->fd, F_DUPFD_CLOEXEC, 0), "r");
    Entry e;
    while (f && fscanf(f, "%ld %llu %ld %d %lld", &e.pid, &e.start, &e.number, &e.domain, &e.bytes) == 5)
        if (alive(&e))
            put(l, e);
    if (f)
        fclose(f);
    return true;
}

static void close_ledger(Ledger *l)
{
    Buf b = {0};
    buf_put(&b, "", 0);
    for (size_t i = 0; i < l->count; i++) {
        const Entry *e = &l->entries[i];
        buf_printf(&b, "%ld %llu %ld %d %lld\n", e->pid, e->start, e->number, e->domain, e->bytes);
    }
    if (ftruncate(l->fd, 0) || pwrite(l->fd, b.p, b.n, 0) != (ssize_t)b.n)
        perror("models");
    free(b.p);
    free(l->entries);
    close(l->fd);
}

// The setting MEMORY in bytes; 0 for no limit.
static long long memory_of_node(void)
{
    char *unit;
    double value = strtod(setting(SETTING_MEMORY, "0"), &unit);
    const char *units = "KMG", *at = *unit ? strchr(units, *unit) : NULL;
    return (long long)(value * (double)(1ll << (at ? 10 * (at - units + 1) : 0)));
}

static bool fits(const Ledger *l)
{
    long long used[DOMAINS] = {0}, total = 0, memory = memory_of_node();
    for (size_t i = 0; i < l->count; i++) {
        long long rest = l->entries[i].bytes;
        total += rest;
        for (int d = l->entries[i].domain; rest > 0; d++, rest -= DOMAIN_BYTES) {
            if (d < 0 || d >= DOMAINS)
                return false;
            used[d] += rest < DOMAIN_BYTES ? rest : DOMAIN_BYTES;
            if (used[d] > DOMAIN_BYTES) {
                message("NODE", "domain %d has no room for the models: %lld bytes", d, used[d]);
                return false;
            }
        }
    }
    if (memory && total > memory) {
        message("NODE", "the models need %lld bytes of memory, the node has %lld", total, memory);
        return false;
    }
    return true;
}

long ledger_add(int domain, long long bytes)
{
    Ledger l;
    if (!open_ledger(&l))
        return 0;
    Entry e = {getpid(), start_of(getpid()), 1, domain, bytes};
    for (size_t i = 0; i < l.count; i++)        // unique in the process, also if both libraries are loaded
        if (l.entries[i].pid == e.pid && l.entries[i].number >= e.number)
            e.number = l.entries[i].number + 1;
    put(&l, e);
    bool ok = fits(&l);
    l.count -= !ok;
    close_ledger(&l);
    return ok ? e.number : -1;
}

void ledger_remove(long number)
{
    Ledger l;
    if (!number || !open_ledger(&l))
        return;
    size_t kept = 0;
    for (size_t i = 0; i < l.count; i++)
        if (l.entries[i].pid != getpid() || l.entries[i].number != number)
            l.entries[kept++] = l.entries[i];
    l.count = kept;
    close_ledger(&l);
}

void ledger_kill_first(void)
{
    Ledger l;
    if (!open_ledger(&l))
        return;
    for (size_t i = 0; i < l.count; i++)
        if (l.entries[i].pid != getpid()) {
            kill((pid_t)l.entries[i].pid, SIGTERM);
            break;
        }
    close_ledger(&l);
}
