// harness.c - a host that tests one build of the library. It is compiled for the same ABI.
// selftest LIBRARY DEMO_MODEL SCRATCH_DIR [clean] prints one line per check; "clean" skips checks that expect a crash.
// Each check runs in its own process, so that a check can expect a crash or a hang.
#define _GNU_SOURCE
#include "selftest/harness.h"
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

Api api;
Shared *seen;
const char *demo, *scratch;
bool clean;
int (*on_callback)(RKLLMResult *result, LLMCallState state);
static int passed, failed;

#if SIM_ABI >= 10300
RKLLMCallback callbacks = {.result_callback = transcript_callback};
#define CALLBACKS &callbacks
#elif SIM_ABI >= 10201
#define CALLBACKS transcript_callback
#else
static void void_callback(RKLLMResult *r, void *userdata, LLMCallState state) { transcript_callback(r, userdata, state); }
#define CALLBACKS void_callback
#endif

#if SIM_ABI >= 10200
void keep_history(RKLLMInferParam *p) { p->keep_history = 1; }
#else
void keep_history(RKLLMInferParam *p) { (void)p; }
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

void run_checks(const Check *checks)
{
    for (; checks->name; checks++)
        check(checks->name, checks->body, checks->expect);
}

void set(const char *name, const char *value)
{
    char variable[100];
    snprintf(variable, sizeof variable, "RKLLM_SIMULATOR_%s", name);
    setenv(variable, value, 1);
}

static void find_functions(void *lib)
{
    const struct { const char *name; int since; void *slot; } functions[] = {
        {"rkllm_createDefaultParam", 10100, &api.defaults}, {"rkllm_init", 10100, &api.init},
        {"rkllm_run", 10100, &api.run}, {"rkllm_run_async", 10100, &api.run_async}, {"rkllm_abort", 10100, &api.abort},
        {"rkllm_is_running", 10100, &api.is_running}, {"rkllm_destroy", 10100, &api.destroy},
        {"rkllm_load_prompt_cache", 10100, &api.load_cache}, {"rkllm_release_prompt_cache", 10100, &api.release_cache},
        {"rkllm_load_lora", 10100, &api.load_lora}, {"rkllm_clear_kv_cache", 10200, &api.clear},
        {"rkllm_set_chat_template", 10200, &api.set_template}, {"rkllm_get_kv_cache_size", 10201, &api.kv_size},
        {"rkllm_set_function_tools", 10201, &api.set_tools}, {"rkllm_set_cross_attn_params", 10201, &api.set_cross},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (SIM_ABI < functions[i].since)
            continue;
        void *function = dlsym(lib, functions[i].name);
        if (!function)
            fprintf(stderr, "no %s\n", functions[i].name);
        memcpy(functions[i].slot, &function, sizeof function);
    }
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
    find_functions(lib);
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    signal(SIGPIPE, SIG_IGN);
    set("SPEED", "0");
    behaviour_checks();
    behaviour_since_1_2_checks();
    logits_checks();
    file_checks();
    prompt_cache_checks();
    node_checks();
    image_checks();
    abi_checks();
    if (!clean)
        fault_checks();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
