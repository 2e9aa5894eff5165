// behaviour.c - tests of callbacks, state and timing without faults.
#define _GNU_SOURCE
#include "selftest/harness.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static RKLLMInput input;
static RKLLMInferParam infer;

static bool plain(void)
{
    LLMHandle h = open_demo();
    bool ok = !run(h, "Count to 5") && said("[1][,][ 2][,][ 3][,][ 4][,][ 5][]F");
    return ok && is(seen->thread == syscall(SYS_gettid), "thread") && is(seen->userdata == (void *)&api, "userdata") &&
        !api.destroy(h);
}

static bool eos_text(void)
{
    RKLLMParam p = defaults();
    p.skip_special_token = false;
    LLMHandle h = open_with(p);
    return !run(h, "!echo hi") && said("[hi][<|im_end|>]F") && !api.destroy(h);
}

static bool limit(void)
{
    RKLLMParam p = defaults();
    p.max_new_tokens = 3;
    LLMHandle h = open_with(p);
    bool ok = !run(h, "!count 9") && said("[ 1][ 2][ 3]F") && !run(h, "!count 3") && said("[ 1][ 2][ 3]F");
    return ok && !api.destroy(h);
}

static bool utf8(const char *shape, const char *transcript)
{
    set("UTF8", shape);
    LLMHandle h = open_demo();
    return !run(h, "!emoji 1") && said(transcript) && !api.destroy(h);
}

static bool utf8_a(void) { return utf8("A", "ww<f09f9880>[]F"); }
static bool utf8_b(void) { return utf8("B", "w<f09f>w<98><80>[]F"); }
static bool utf8_c(void) { return utf8("C", "w<f09f>w<98><f09f9880>[]F"); }
static bool utf8_default(void) { return utf8("", SIM_ABI >= 10200 ? "ww<f09f9880>[]F" : "w<f09f>w<98><80>[]F"); }
static bool raw_bytes(void)
{
    LLMHandle h = open_demo();
    return !run(h, "!bytes 41ff42") && said("[A]<ff>[B][]F") && !api.destroy(h);
}

static bool token_input(void)
{
    int32_t ids[] = {'!', 'e', 'c', 'h', 'o', ' ', 'y', 'o'};
    LLMHandle h = open_demo();
    input.input_type = RKLLM_INPUT_TOKEN;
    input.token_input.input_ids = ids;
    input.token_input.n_tokens = 8;
    return !run_with(h, &input, &infer) && said("[yo][]F") && !api.destroy(h);
}

static bool thoughts_go_on(void)
{
    LLMHandle h = open_demo();
    bool ok = !run(h, "!think hi") && said("[<think>]<0a>[hm]<0a>[</think>]<0a0a>[hi][]F");
    ok = ok && !run(h, "<|im_start|>user\n!think hi<|im_end|>\n<|im_start|>assistant\n<think>\nso far\n</think>\n\n");
    return ok && said("[hi][]F") && !api.destroy(h);
}

// Runs a prompt with the beginning of the answer and compares the rest of the answer.
static bool goes_on(LLMHandle h, const char *message, const char *before, const char *rest)
{
    int32_t ids[1000];
    char prompt[1000];
    int n = snprintf(prompt, sizeof prompt, "<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n%s", message, before);
    for (int i = 0; i < n; i++)
        ids[i] = (unsigned char)prompt[i];
    input.input_type = RKLLM_INPUT_TOKEN;
    input.token_input.input_ids = ids;
    input.token_input.n_tokens = (size_t)n;
    return !run_with(h, &input, &infer) && said(rest);
}

static bool answers_go_on(void)
{
    LLMHandle h = open_demo();
    bool ok = goes_on(h, "!echo one two", "one", "[ two][]F") && goes_on(h, "!echo one two", "three", "[one][ two][]F") && goes_on(h, "!echo Here: {a:1}", "{", "[a][:][1][}][]F") &&
        goes_on(h, "!echo {a:'x',b:2}", "{\"a\":\"x\",\"b\":", "[2][}][]F") &&
        goes_on(h, "!echo {a:'x'}", "<think>\n\n</think>\n\n{\"a\":", "['x'][}][]F");
    return ok && !api.destroy(h);
}

static bool broken_documents(void)
{
    static const char document[] = "{\"a\":\"x\",\"b\":2}";
    static const struct { const char *ways, *before, *rest; } rows[] = {
        {"missing_comma", "", "[{][\"][a][\"][:][\"][x][\"][ \"][b][\"][:][2][}][]F"},
        {"missing_comma", "{\"a\":\"x\" ,\"b\":", "[2][}][]F"},
        {"wrong_enum", "{\"a\":", "[\"][other][\"][,][\"][b][\"][:][2][}][]F"},
        {"wrong_enum", "{\"a\":\"y\"", "[,][\"][b][\"][:][2][}][]F"},
        {"nan,trailing_comma", "{\"a\":\"x\",\"b\":", "[NaN][,][}][]F"},
        {"single_quotes@9", "{\"a\":\"x\"", "[,]['b'][:][2][}][]F"},
        {"two_documents", "{\"a\":\"x\",\"b\":2", "[}]<0a>[{][\"][a][\"][:][\"][x][\"][,][\"][b][\"][:][2][}][]F"},
        {"early_end@4", "", "[{][\"][a][]F"},
    };
    LLMHandle h = open_demo();
    char message[200];
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof rows / sizeof *rows; i++) {
        snprintf(message, sizeof message, "!json %s %s\n\nAnswer with JSON.", rows[i].ways, document);
        ok = goes_on(h, message, rows[i].before, rows[i].rest);
    }
    return ok && goes_on(h, "!json no_such_way {}", "", "[There][ is][ no][ such][ way][ to][ break][ this][ document][.][]F") && !api.destroy(h);
}

static bool guide_examples(void)
{
    LLMHandle h = open_demo();
    const char *talk = "<|im_start|>user\nMy name is Zo\xc3\xab.<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n"
                       "<|im_start|>user\nWhat is my name?<|im_end|>\n<|im_start|>assistant\n";
    bool ok = !run(h, "What is the capital of France?") && said("[The][ capital][ of][ France][ is][ Paris][.][]F");
    ok = ok && !run(h, talk) && said("[Your][ name][ is]<205a6fc3ab>[.][]F");
    ok = ok && !run(h, "What is my name?") && is(strstr(seen->text, "[ not]") != NULL, "name unknown");
    ok = ok && !run(h, "Tell me a story") && is(seen->calls >= 300, "story of 300 tokens");
    return ok && !run(h, "gibberish") && is(strstr(seen->text, "[ simulator]") != NULL, "default") && !api.destroy(h);
}

static bool hidden_layer(void)
{
    LLMHandle h = open_demo();
    float first[128], norm = 0;
    input.prompt_input = "abc";
    infer.mode = RKLLM_INFER_GET_LAST_HIDDEN_LAYER;
    const char *begins = SIM_ABI >= 10200 ? "-H128x" : "H128x";
    bool ok = !run_with(h, &input, &infer) && is(strstr(seen->text, begins) == seen->text, "data");
    memcpy(first, seen->row, sizeof first);
    ok = ok && !run_with(h, &input, &infer) && is(!memcmp(first, seen->row, sizeof first), "same input, same vector");
    input.prompt_input = "abd";
    ok = ok && !run_with(h, &input, &infer);
    for (int i = 0; i < 128; i++)
        norm += first[i] * first[i];
    return ok && is(norm > 0.999f && norm < 1.001f, "unit norm") && is(seen->finishes == 1, "one finish") && !api.destroy(h);
}

static LLMHandle current;
static int abort_third(RKLLMResult *r, LLMCallState s)
{
    (void)r;
    (void)s;
    return seen->calls == 3 ? api.abort(current) : 0;
}

static bool abort_in_callback(void)
{
    LLMHandle h = current = open_demo();
    bool ok = !api.abort(h);                        // has no effect without a run
    on_callback = abort_third;
    ok = ok && !run(h, "!count 50") && said("[ 1][ 2][ 3]F");
    on_callback = NULL;
    return ok && !run(h, "!count 2") && said("[ 1][ 2][]F") && !api.destroy(h);
}

static void *abort_soon(void *h)
{
    usleep(50000);
    api.abort(h);
    return NULL;
}

static bool abort_sleeping(void)
{
    LLMHandle h = open_demo();
    pthread_t t;
    double begin = now_ms();
    pthread_create(&t, NULL, abort_soon, h);
    bool ok = !run(h, "!sleep 3000 5") && said("F") && is(now_ms() - begin < 500, "woken at once");
    pthread_join(t, NULL);
    return ok && !api.destroy(h);
}

static bool prefill_not_abortable(void)
{
    LLMHandle h = open_demo();
    pthread_t t;
    set("FAULT", "slow_prefill:30");
    double begin = now_ms();
    pthread_create(&t, NULL, abort_soon, h);
    bool ok = !run(h, "!echo abcdefgh") && said("F") && is(now_ms() - begin > 200, "prefill ran to its end");
    pthread_join(t, NULL);
    return ok && !api.destroy(h);
}

static bool scaled_time(void)
{
    LLMHandle h = open_demo();
    set("SPEED", "10");
    double begin = now_ms();
    return !run(h, "!count 11") && is(now_ms() - begin > 65, "at least 11 steps of 6 ms") &&
        is(now_ms() - begin < 1000, "scaled") && !api.destroy(h);
}

static bool conversation_window(void)
{
    RKLLMParam p = defaults();
    p.max_context_len = 64;
    p.max_new_tokens = -1;
    LLMHandle h = open_with(p);
    char longer[200];
    memset(longer, 'x', sizeof longer);
    longer[199] = 0;
    bool ok = run(h, longer) == -1 && said("") && logged("max context");
    return ok && !run(h, "!count 500") && is(seen->calls == 502, "500 tokens from a window of 64") && !api.destroy(h);
}

// The KV cache of the previous run does not become history.
static bool refused_run(void)
{
    char longer[3000];
    LLMHandle h = open_demo();
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = 0;
    bool ok = !run(h, "My name is Bob");
    keep_history(&infer);
    input.prompt_input = longer;
    ok = ok && run_with(h, &input, &infer) == -1;
    return ok && !run(h, "What is my name?") && is(!strstr(seen->text, "Bob"), "no history") && !api.destroy(h);
}

static bool async(void)
{
    LLMHandle h = open_demo();
    int idle = SIM_ABI >= 10300 ? 0 : 1;
    input.prompt_input = "!sleep 30 3";
    bool ok = is(api.is_running(h) == idle, "idle") && !api.run_async(h, &input, &infer, NULL);
    ok = ok && is(api.is_running(h) == !idle, "running");
    while (api.is_running(h) != idle)
        usleep(1000);
    return ok && said("[ 1][ 2][ 3][]F") && is(seen->thread != syscall(SYS_gettid), "own thread") && !api.destroy(h);
}

static bool fast(void)
{
    RKLLMParam p = defaults();
    p.max_new_tokens = 200000;
    LLMHandle h = open_with(p);
    clock_t begin = clock();            // CPU time of this process, so that other load has no effect
    double rate;
    seen->quiet = true;
    input.prompt_input = "!loop";
    bool ok = !api.run(h, &input, &infer, NULL);
    rate = 200000 / ((double)(clock() - begin) / CLOCKS_PER_SEC);
    snprintf(seen->why, sizeof seen->why, "%.0f tokens per second", rate);
    return ok && (clean || getenv("SELFTEST_EMULATED") || rate > 1e6) && !api.destroy(h);
}

static const Check checks[] = {
    {"generate: one token per callback, end of sequence, one FINISH, on the caller's thread", plain, PASS},
    {"end of sequence has text without skip_special_token", eos_text, PASS},
    {"max_new_tokens ends without end of sequence", limit, PASS},
    {"UTF-8 shape A", utf8_a, PASS},
    {"UTF-8 shape B", utf8_b, PASS},
    {"UTF-8 shape C", utf8_c, PASS},
    {"UTF-8 default shape", utf8_default, PASS},
    {"invalid bytes pass through", raw_bytes, PASS},
    {"token input", token_input, PASS},
    {"a reasoning block that the prompt has ended is not repeated", thoughts_go_on, PASS},
    {"an answer goes on behind a beginning of it, or of its corrected JSON", answers_go_on, PASS},
    {"a document is broken in the given ways, and not again behind its corrected beginning", broken_documents, PASS},
    {"guide examples", guide_examples, PASS},
    {"hidden layer", hidden_layer, PASS},
    {"abort from the callback, next run clean", abort_in_callback, PASS},
    {"abort wakes a sleeping decode step", abort_sleeping, PASS},
    {"abort does not end a prefill", prefill_not_abortable, PASS},
    {"speed scales time", scaled_time, PASS},
    {"a prompt longer than the window is refused, a longer generation slides the window", conversation_window, PASS},
    {"a refused run changes nothing", refused_run, PASS},
    {"async runs", async, PASS},
    {"a million tokens per second", fast, PASS},
    {0},
};

void behaviour_checks(void) { run_checks(checks); }
