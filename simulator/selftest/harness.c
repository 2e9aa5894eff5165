// harness.c - drives one build of the library as a host would, compiled for the same ABI.
// selftest LIBRARY DEMO_MODEL SCRATCH_DIR [clean]: one line per check; "clean" leaves out what has to crash.
// Every check runs in its own process: crashes and hangs are results like any other.
#define _GNU_SOURCE
#include "selftest/harness.h"
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

Api api;
Shared *seen;
const char *demo, *scratch;
bool clean;
int (*on_callback)(RKLLMResult *result, LLMCallState state);
static int passed, failed;

static void note(const char *format, ...)
{
    va_list args;
    size_t n = strlen(seen->text);
    va_start(args, format);
    if (n < sizeof seen->text - 200)
        vsnprintf(seen->text + n, sizeof seen->text - n, format, args);
    va_end(args);
}

static void note_text(const RKLLMResult *r)
{
    bool plain = true;
    for (const char *p = r->text; *p; p++)
        plain &= *p >= 0x20 && *p < 0x7f;
    if (plain) {
        note("[%.40s]", r->text);
        return;
    }
    note("<");
    for (const char *p = r->text; *p && p < r->text + 40; p++)
        note("%02x", (unsigned char)*p);
    note(">");
}

// The transcript: [text] or <hex>, w before it for WAITING, - for no text, 0 for no result, H and L for data, F and E.
static int callback(RKLLMResult *r, void *userdata, LLMCallState state)
{
    if (seen->quiet)
        return 0;
    seen->thread = syscall(SYS_gettid);
    seen->userdata = userdata;
    seen->calls++;
    if (state == RKLLM_RUN_WAITING)
        note("w");
    if (state == RKLLM_RUN_ERROR)
        note("E");
    if (state == RKLLM_RUN_FINISH) {
        note("F");
        seen->finishes++;
#if SIM_ABI >= 10201
        if (r)
            seen->perf = r->perf;
#endif
    } else if (!r)
        note("0");
    else if (r->last_hidden_layer.hidden_states) {
        note("H%dx%d", r->last_hidden_layer.embd_size, r->last_hidden_layer.num_tokens);
        memcpy(seen->row, r->last_hidden_layer.hidden_states +
               (r->last_hidden_layer.num_tokens - 1) * r->last_hidden_layer.embd_size, sizeof seen->row);
#if SIM_ABI >= 10200
    } else if (r->logits.logits) {
        note("L%dx%d", r->logits.vocab_size, r->logits.num_tokens);
#endif
    } else if (r->text)
        note_text(r);
    else if (state == RKLLM_RUN_NORMAL)
        note("-");
    return on_callback ? on_callback(r, state) : 0;
}

#if SIM_ABI >= 10300
RKLLMCallback callbacks = {.result_callback = callback};
#define CALLBACKS &callbacks
#elif SIM_ABI >= 10201
#define CALLBACKS callback
#else
static void void_callback(RKLLMResult *r, void *u, LLMCallState s) { callback(r, u, s); }
#define CALLBACKS void_callback
#endif

RKLLMParam defaults(void)
{
    RKLLMParam p = api.defaults();
    p.model_path = demo;
    p.max_context_len = 1024;
    p.max_new_tokens = 2000;
    p.skip_special_token = true;
    return p;
}

LLMHandle open_with(RKLLMParam p)
{
    LLMHandle h = NULL;
    return api.init(&h, &p, CALLBACKS) ? NULL : h;
}

LLMHandle open_demo(void) { return open_with(defaults()); }

LLMHandle open_text(const char *text)
{
    char path[300];
    RKLLMParam p = defaults();
    snprintf(path, sizeof path, "%s/model.rkllm", scratch);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    p.model_path = path;
    return open_with(p);
}

int run_with(LLMHandle h, RKLLMInput *input, RKLLMInferParam *infer)
{
    seen->text[0] = 0;
    seen->calls = seen->finishes = 0;
    return api.run(h, input, infer, &api);
}

int run(LLMHandle h, const char *prompt)
{
    RKLLMInput input;
    RKLLMInferParam infer;
    memset(&input, 0, sizeof input);
    memset(&infer, 0, sizeof infer);
    input.prompt_input = prompt;
    return run_with(h, &input, &infer);
}

bool said(const char *text)
{
    if (strcmp(seen->text, text)) {
        snprintf(seen->why, sizeof seen->why, "transcript is %.300s", seen->text);
        return false;
    }
    return true;
}

bool is(bool ok, const char *what)
{
    if (!ok)
        snprintf(seen->why, sizeof seen->why, "%s (transcript %.200s)", what, seen->text);
    return ok;
}

double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

bool logged(const char *text)
{
    static char all[200000];
    fflush(stdout);
    FILE *f = fopen(seen->log, "r");
    size_t n = f ? fread(all, 1, sizeof all - 1, f) : 0;
    all[n] = 0;
    if (f)
        fclose(f);
    if (!strstr(all, text))
        snprintf(seen->why, sizeof seen->why, "log has no %s", text);
    return strstr(all, text) != NULL;
}

static const char *describe(int status)
{
    static char text[64];
    if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "signal %d", WTERMSIG(status));
    else
        snprintf(text, sizeof text, "exit %d", WEXITSTATUS(status));
    return text;
}

// expect: PASS, a signal number, HANG (still there after 150 ms), or EXIT (the process ended, as if in order, amid the check).
void check(const char *name, bool (*body)(void), int expect)
{
    int status = 0;
    bool ok;
    if (clean && expect != PASS)
        return;
    memset(seen, 0, sizeof *seen);
    snprintf(seen->log, sizeof seen->log, "%s/log", scratch);
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        if (!freopen(seen->log, "w", stdout) || (expect != PASS && !freopen("/dev/null", "w", stderr)))
            _exit(3);
        bool passes = body();
        seen->returned = true;
        exit(passes ? 0 : 1);
    }
    double end = now_ms() + (expect == HANG ? 150 : 10000);
    pid_t done;
    while (!(done = waitpid(pid, &status, WNOHANG)) && now_ms() < end)
        usleep(500);
    if (!done) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        ok = expect == HANG;
        snprintf(seen->why, sizeof seen->why, "hangs");
    } else if (expect == PASS || expect == EXIT)
        ok = status == 0 && seen->returned == (expect == PASS);
    else
        ok = WIFSIGNALED(status) && WTERMSIG(status) == expect;
    *(ok ? &passed : &failed) += 1;
    if (ok)
        printf("ok   %s\n", name);
    else
        printf("FAIL %s: %s %s\n", name, describe(status), seen->why);
}

static void *find(void *lib, const char *name)
{
    void *f = dlsym(lib, name);
    if (!f)
        fprintf(stderr, "no %s\n", name);
    return f;
}

int main(int argc, char **argv)
{
    void *lib = argc >= 4 ? dlopen(argv[1], RTLD_NOW) : NULL;
    if (!lib) {
        fprintf(stderr, "%s\n", argc >= 4 ? dlerror() : "selftest LIBRARY DEMO_MODEL SCRATCH_DIR [clean]");
        return 2;
    }
    demo = argv[2];
    scratch = argv[3];
    clean = argc > 4;
    *(void **)&api.defaults = find(lib, "rkllm_createDefaultParam");
    *(void **)&api.init = find(lib, "rkllm_init");
    *(void **)&api.run = find(lib, "rkllm_run");
    *(void **)&api.run_async = find(lib, "rkllm_run_async");
    *(void **)&api.abort = find(lib, "rkllm_abort");
    *(void **)&api.is_running = find(lib, "rkllm_is_running");
    *(void **)&api.destroy = find(lib, "rkllm_destroy");
    *(void **)&api.load_cache = find(lib, "rkllm_load_prompt_cache");
    *(void **)&api.release_cache = find(lib, "rkllm_release_prompt_cache");
    *(void **)&api.load_lora = find(lib, "rkllm_load_lora");
#if SIM_ABI >= 10200
    *(void **)&api.clear = find(lib, "rkllm_clear_kv_cache");
    *(void **)&api.set_template = find(lib, "rkllm_set_chat_template");
#endif
#if SIM_ABI >= 10201
    *(void **)&api.kv_size = find(lib, "rkllm_get_kv_cache_size");
    *(void **)&api.set_tools = find(lib, "rkllm_set_function_tools");
    *(void **)&api.set_cross = find(lib, "rkllm_set_cross_attn_params");
#endif
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    signal(SIGPIPE, SIG_IGN);
    setenv("RKLLM_SIMULATOR_SPEED", "0", 1);
    behaviour_checks();
    newer_behaviour_checks();
    policing_checks();
    if (!clean)
        fault_checks();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
