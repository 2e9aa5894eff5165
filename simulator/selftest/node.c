// node.c - tests of a node that several processes share: overlapping runs, NPU domains, memory.
#define _GNU_SOURCE
#include "selftest/harness.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[300];
static int other_runs[2];               // pipe: one byte at the first callback of the other process, one at its FINISH

static void use_node(void)              // a new, empty node
{
    char path[400];
    snprintf(directory, sizeof directory, "%s/node", scratch);
    for (const char *const *name = (const char *const[]){"npu", "models", "violations", "trace", NULL}; *name; name++) {
        snprintf(path, sizeof path, "%s/%s", directory, *name);
        remove(path);
    }
    set("NODE", directory);
}

static bool file_contains(const char *name, const char *text)
{
    static char all[100000];
    char path[400];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(all, 1, sizeof all - 1, f) : 0;
    all[n] = 0;
    if (f)
        fclose(f);
    return strstr(all, text);
}

static LLMHandle elsewhere;
static int announce(RKLLMResult *r, LLMCallState state)
{
    (void)r;
    if (file_contains("violations", "overlap"))
        api.abort(elsewhere);
    return (seen->calls == 1 || state == RKLLM_RUN_FINISH) && write(other_runs[1], "x", 1) != 1 ? -1 : 0;
}

// Starts a process that executes a run. Returns after its first callback. The run ends at the latest when a violation is recorded.
static pid_t run_elsewhere(const char *prompt)
{
    char byte;
    if (pipe(other_runs))
        return -1;
    pid_t pid = fork();
    if (!pid) {
        seen = memcpy(malloc(sizeof *seen), seen, sizeof *seen);    // not shared
        on_callback = announce;
        _exit(run(elsewhere = open_demo(), prompt));
    }
    return read(other_runs[0], &byte, 1) == 1 ? pid : -1;
}

static bool waited;
static int check_wait(RKLLMResult *r, LLMCallState state)
{
    struct pollfd finish = {other_runs[0], POLLIN, 0};
    (void)r;
    (void)state;
    if (seen->calls == 1)
        waited = poll(&finish, 1, 0) == 1;
    return 0;
}

static bool overlap(void)               // is reported, then waits
{
    int status;
    char path[400];
    use_node();
    snprintf(path, sizeof path, "%s/trace", directory);
    set("TRACE", path);
    pid_t other = run_elsewhere("!sleep 10 900");
    LLMHandle h = open_demo();
    on_callback = check_wait;
    bool ok = !run(h, "!count 1") && is(waited, "waits for the other run");
    ok = ok && waitpid(other, &status, 0) == other && is(!status, "the other run succeeds");
    ok = ok && is(file_contains("violations", "overlap of runs: process "), "a line in violations");
    return ok && is(file_contains("trace", "\"call\":\"violation\",\"text\":\"overlap of runs"), "a trace line") &&
        !api.destroy(h);
}

static bool one_after_another(void)
{
    int status;
    use_node();
    pid_t other = run_elsewhere("!count 2");
    waitpid(other, &status, 0);
    LLMHandle a = open_demo(), b = open_demo();
    bool ok = !status && !run(a, "!count 1") && !run(b, "!count 1") && said("[ 1][]F");
    return ok && is(!file_contains("violations", "overlap"), "no violation") && !api.destroy(a) && !api.destroy(b);
}

static bool killed_during_run(void)     // the death of a process ends its run
{
    use_node();
    pid_t other = run_elsewhere("!sleep 10 1000");
    LLMHandle h = open_demo();
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    return !run(h, "!count 1") && is(!file_contains("violations", "overlap"), "no violation") && !api.destroy(h);
}

static LLMHandle second;
static int run_second(RKLLMResult *r, LLMCallState state)
{
    (void)r;
    (void)state;
    on_callback = NULL;
    return run(second, "!count 1");
}

static bool overlap_of_handles(const char *mode)
{
    use_node();
    set("OVERLAP", mode);
    second = open_demo();
    on_callback = run_second;
    return run(open_demo(), "!count 2");
}

static bool overlap_aborts(void) { return overlap_of_handles("abort"); }
static bool overlap_hangs(void) { return overlap_of_handles("hang"); }

static LLMHandle load(int mb, int domain)
{
    char text[100], path[400];
    snprintf(text, sizeof text, "RKSIMULATOR1\n{\"memory_mb\": %d}", mb);
    snprintf(path, sizeof path, "%s/sized.rkllm", scratch);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    RKLLMParam p = defaults();
    p.model_path = path;
    p.extend_param.base_domain_id = domain;
    return open_with(p);
}

static bool domains(void)               // two of 2 GB do not fit one domain; one of 5 GB continues in the next one
{
    use_node();
    set("OOM", "fail");
    LLMHandle a = load(2000, 0), b = load(2000, 1), large = load(5000, 2);
    bool ok = is(a && b && large, "one model in each domain") && is(!load(2000, 0), "domain 0 is full");
    ok = ok && logged("E RKNN: failed to malloc npu memory, size: 2097152000, flags: 0x2") && !api.destroy(a);
    ok = ok && is((a = load(2000, 0)), "domain 0 is free again") && is(!load(3000, 3), "the large model is in domain 3 too");
    LLMHandle last = load(2000, 3);
    return ok && is(last, "the rest of domain 3") && !api.destroy(a) && !api.destroy(b) && !api.destroy(large) &&
        !api.destroy(last);
}

static bool memory(void)
{
    use_node();
    set("OOM", "fail");
    set("MEMORY", "3G");
    LLMHandle a = load(2000, 0), b = load(1000, 1);
    bool ok = is(a && b, "both fit") && is(!load(100, 2), "the third one does not") && !api.destroy(b);
    ok = ok && is((b = load(900, 2)), "it fits after a destroy") && !api.destroy(b);
    set("NODE", "");
    LLMHandle outside = load(9000, 0);
    return ok && is(outside, "no limit without a node") && !api.destroy(outside) && !api.destroy(a);
}

static bool size_of_file(void)          // a sparse file of 3 GB
{
    char path[400];
    use_node();
    set("OOM", "fail");
    set("MEMORY", "2900M");
    LLMHandle h = load(1, 0);
    snprintf(path, sizeof path, "%s/large.rkllm", scratch);
    FILE *f = fopen(path, "w");
    fputs("RKSIMULATOR1\n{}\n", f);
    bool ok = !fflush(f) && !ftruncate(fileno(f), 3000000000);
    fclose(f);
    RKLLMParam p = defaults();
    p.model_path = path;
    ok = ok && is(open_with(p), "the file has less than 2900 MB") && is(!open_with(p), "two do not fit");
    return remove(path) == 0 && ok && !api.destroy(h);
}

static bool models_of_the_dead(void)    // do not count, also before their parent has called wait
{
    use_node();
    set("OOM", "fail");
    pid_t other = fork();
    if (!other)
        _exit(load(3000, 0) ? 0 : 1);
    siginfo_t end;
    waitid(P_PID, (id_t)other, &end, WEXITED | WNOWAIT);
    LLMHandle h = load(3000, 0);
    return is(end.si_status == 0, "the other process has loaded it") && is(h, "its memory is free") && !api.destroy(h);
}

static bool first_killed(void)
{
    int status;
    use_node();
    pid_t other = run_elsewhere("!sleep 10 1000");
    set("FAULT", "first_killed");
    LLMHandle h = load(3000, 0);
    waitpid(other, &status, 0);
    return h && is(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "the other process is terminated") && !api.destroy(h);
}

static bool too_large(void)             // as the version fails: a crash from 1.3 on
{
    use_node();
    set("MEMORY", "1G");
    return !load(2000, 0);
}

static bool too_large_crash(void)
{
    set("OOM", "segv");
    return too_large();
}

static const Check checks[] = {
    {"node: overlapping runs of two processes", overlap, PASS},
    {"node: runs one after another", one_after_another, PASS},
    {"node: a process killed during its run", killed_during_run, PASS},
    {"node: overlapping runs of two handles, OVERLAP=abort", overlap_aborts, SIGABRT},
    {"node: overlapping runs of two handles, OVERLAP=hang", overlap_hangs, HANG},
    {"node: domains", domains, PASS},
    {"node: memory", memory, PASS},
    {"node: the size of a model file", size_of_file, PASS},
    {"node: models of processes that have ended", models_of_the_dead, PASS},
    {"fault first_killed", first_killed, PASS},
    {"node: a model that is too large", too_large, SIM_ABI >= 10300 ? SIGSEGV : PASS},
    {"node: a model that is too large, OOM=segv", too_large_crash, SIGSEGV},
    {0},
};

void node_checks(void) { run_checks(checks); }
