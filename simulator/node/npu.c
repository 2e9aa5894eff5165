// npu.c - see npu.h. Each run opens the file "npu" and locks it. It contains the process id and the thread of the active run.
#include "node/npu.h"
#include "base/settings.h"
#include "base/violation.h"
#include "node/node_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

static int run_of(char *text, size_t len)
{
    return snprintf(text, len, "process %d, thread %ld", (int)getpid(), (long)syscall(SYS_gettid));
}

// Appends a line to the file "violations", with one write.
static void record(const char *text)
{
    char line[400];
    int len = snprintf(line, sizeof line, "%s\n", text), fd = node_open("violations", O_WRONLY | O_APPEND);
    if (fd < 0)
        return;
    if (write(fd, line, (size_t)len) != len)
        perror("violations");
    close(fd);
}

static void report(int npu)
{
    char own[100], other[100], text[300];
    ssize_t n = pread(npu, other, sizeof other - 1, 0);
    other[n > 0 ? n : 0] = 0;
    other[strcspn(other, "\n")] = 0;
    run_of(own, sizeof own);
    snprintf(text, sizeof text, "overlap of runs: %s began a run during a run of %s", own, other);
    violation_report("NODE", text);
    record(text);
}

static void lock(int npu)
{
    while (flock(npu, LOCK_EX) && errno == EINTR)
        ;
}

// Returns the open file and sets free to whether no other run has it.
static int open_npu(bool *free)
{
    int npu = node_on() ? node_open("npu", O_RDWR) : -1;
    *free = npu < 0 || !flock(npu, LOCK_EX | LOCK_NB);
    if (*free)
        return npu;
    report(npu);
    if (setting_is(SETTING_OVERLAP, "abort"))
        abort();
    while (setting_is(SETTING_OVERLAP, "hang"))
        pause();
    return npu;
}

static void name_run(int npu)
{
    char own[100];
    int len = run_of(own, sizeof own);
    if (npu >= 0 && (ftruncate(npu, 0) || pwrite(npu, own, (size_t)len, 0) != len))
        perror("npu");
}

int npu_enter(void)
{
    bool free;
    int npu = open_npu(&free);
    if (!free)
        lock(npu);
    name_run(npu);
    return npu;
}

bool npu_try_enter(int *npu)
{
    bool free;
    *npu = open_npu(&free);
    if (free)
        name_run(*npu);
    else
        npu_leave(*npu);
    return free;
}

void npu_leave(int npu)
{
    if (npu >= 0)
        close(npu);
}
