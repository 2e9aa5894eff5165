/* Faults on demand: RKLLM_STANDIN_FAULT=name[@n][:arg][,…], the same in the model's header, and "!fault name[:arg]" for one run. */
#include "sim.h"
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* Counted per process, or across processes in the file that RKLLM_STANDIN_FAULT_STATE names: a worker that crashed is a new process. */
int fault_count(enum stage stage)
{
    static _Atomic int counts[4];
    const char *state = env("RKLLM_STANDIN_FAULT_STATE", NULL);
    if (!state)
        return ++counts[stage];

    int kept[4] = {0};
    int fd = open(state, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return ++counts[stage];
    flock(fd, LOCK_EX);
    if (pread(fd, kept, sizeof kept, 0) < 0)
        memset(kept, 0, sizeof kept);
    int n = ++kept[stage];
    if (pwrite(fd, kept, sizeof kept, 0) < 0)
        n = ++counts[stage];
    close(fd);
    return n;
}

/* The argument lives until the thread asks again. */
static const char *find(const char *list, const char *name, int call)
{
    static _Thread_local char argument[64];
    size_t n = strlen(name);
    for (const char *p = list; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        if (strncmp(p, name, n) != 0 || (p[n] && !strchr("@:,", p[n])))
            continue;
        const char *rest = p + n;
        if (*rest == '@') {
            char *end;
            long wanted = strtol(rest + 1, &end, 10);
            if (wanted != call)
                continue;
            rest = end;
        }
        if (*rest == ':')
            snprintf(argument, sizeof argument, "%.*s", (int)strcspn(rest + 1, ","), rest + 1);
        else
            argument[0] = 0;
        return argument;
    }
    return NULL;
}

/* Real faults, not raise(): a host's signal handler returns to the instruction, which must fail again. */
void crash(void)
{
    static int *volatile nowhere; /* read each time, so that the compiler cannot see through it */
    *nowhere = 0;
}

void illegal_instruction(void)
{
#if defined(__x86_64__)
    __asm__ volatile("ud2");
#else
    __asm__ volatile(".inst 0");
#endif
}

const char *fault(const model *m, const char *of_run, const char *name, int call)
{
    const char *found = find(env("RKLLM_STANDIN_FAULT", NULL), name, call);
    if (!found && m)
        found = find(m->fault, name, call);
    return found ? found : find(of_run, name, call);
}
