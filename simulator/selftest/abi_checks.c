// abi_checks.c - violations of the ABI by the host. The simulator must abort, unless the check expects another result.
#define _GNU_SOURCE
#include "selftest/harness.h"
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static RKLLMInput input;
static RKLLMInferParam infer;

static bool null_handle(void) { return api.abort(NULL); }
static bool after_destroy(void)
{
    LLMHandle h = open_demo();
    return api.destroy(h) || run(h, "x");
}

static bool double_destroy(void)
{
    LLMHandle h = open_demo();
    return api.destroy(h) || api.destroy(h);
}

static bool null_param(void)
{
    LLMHandle h;
    return api.init(&h, NULL, (void *)null_handle);
}

static bool bad_path(void)
{
    RKLLMParam p = defaults();
    p.model_path = (char *)8;
    return open_with(p);
}

static bool bad_float(void)
{
    RKLLMParam p = defaults();
    p.temperature = NAN;
    return open_with(p);
}

static bool bad_bool(void)
{
    RKLLMParam p = defaults();
    memset(&p.skip_special_token, 7, 1);
    return open_with(p);
}

static bool bad_reserved(void)
{
    RKLLMParam p = defaults();
    p.extend_param.reserved[5] = 1;
    return open_with(p);
}

static bool bad_type(void)
{
    LLMHandle h = open_demo();
    memset(&input.input_type, 9, 4);
    return run_with(h, &input, &infer);
}

static bool bad_prompt(void) { return run(open_demo(), (char *)16); }
static bool bad_mode(void)
{
    LLMHandle h = open_demo();
    memset(&infer.mode, 9, 4);
    input.prompt_input = "x";
    return run_with(h, &input, &infer);
}

static bool bad_tokens(void)
{
    LLMHandle h = open_demo();
    input.input_type = RKLLM_INPUT_TOKEN;
    input.token_input.input_ids = (int32_t *)64;
    input.token_input.n_tokens = 5;
    return run_with(h, &input, &infer);
}

static bool wrong_third(void)       // passes the third argument that other versions expect
{
    LLMHandle h;
    RKLLMParam p = defaults();
    static void *data[8];
    return api.init(&h, &p, SIM_ABI >= 10300 ? (void *)wrong_third : (void *)data);
}

static bool fail_mode(void)
{
    LLMHandle h;
    RKLLMParam p = defaults();
    p.top_p = -3;
    set("ABI", "fail");
    return api.init(&h, &p, (void *)fail_mode) == -1 && api.destroy(NULL) == -1;
}

static bool real_mode(void)
{
    set("ABI", "real");
    LLMHandle h;
    RKLLMParam p = defaults();
    static void *garbage[8] = {(void *)8, (void *)8, (void *)8, (void *)8, (void *)8, (void *)8, (void *)8, (void *)8};
    if (api.init(&h, &p, SIM_ABI >= 10300 ? (void *)garbage : (void *)8))
        return false;
    return run(h, "x");             // crashes at the first callback
}

static int read_behind(RKLLMResult *r, LLMCallState s)
{
    (void)s;
    return ((volatile char *)r)[sizeof *r];
}

static bool guard_page(void)
{
    on_callback = read_behind;
    return run(open_demo(), "x");
}

static const char *kept;
static int keep_text(RKLLMResult *r, LLMCallState s)
{
    if (seen->calls == 1)
        kept = r->text;
    if (s == RKLLM_RUN_FINISH && (unsigned char)kept[100] == 0xdd)
        abort();
    return 0;
}

static bool poisoned_text(void)
{
    set("FAULT", "huge_piece:2000");
    on_callback = keep_text;
    return run(open_demo(), "x");
}

static void *second_run(void *h)
{
    for (int i = 0; i < 5000 && !*(volatile int *)&seen->calls; i++)
        usleep(1000);
    run(h, "x");
    return NULL;
}

static bool race(void)
{
    LLMHandle h = open_demo();
    pthread_t t;
    pthread_create(&t, NULL, second_run, h);
    bool ok = !run(h, "!sleep 50 20");
    pthread_join(t, NULL);
    return ok;
}

static bool race_hang(void)
{
    set("RACE", "hang");
    return race();
}

static bool race_garbage(void)
{
    set("RACE", "garbage");
    return race() && strstr(seen->text, "PAD");
}

static LLMHandle doomed;
static int destroy_inside(RKLLMResult *r, LLMCallState s)
{
    (void)r;
    (void)s;
    return api.destroy(doomed);
}

static bool destroy_in_callback(void)
{
    on_callback = destroy_inside;
    return run(doomed = open_demo(), "x");
}

static bool dirty_padding(void)
{
    set("PADDING", "dirty");
    LLMHandle h = open_demo();
    return h && !run(h, "!echo x") && !api.destroy(h);
}

static bool odd_defaults(void)
{
    set("DEFAULTS", "odd");
    RKLLMParam p = defaults();
    p.top_p = 0.5f;
    LLMHandle h = open_with(p);
    return h && !api.destroy(h);
}

#if SIM_ABI >= 10200
static bool bad_mask(void)
{
    RKLLMParam p = defaults();
    p.extend_param.enabled_cpus_mask = 0x10;
    return open_with(p);
}

#endif
#if SIM_ABI >= 10201
static bool bad_role(void)
{
    LLMHandle h = open_demo();
    input.role = "system";
    input.prompt_input = "x";
    return run_with(h, &input, &infer);
}

static bool two_arguments(void) { return api.clear(open_demo(), 0, (int *)24, NULL); }
#endif
#if SIM_ABI >= 10300
static bool bad_sampling(void)
{
    LLMHandle h = open_demo();
    infer.sampling_params = (RKLLMSamplingParam *)1;
    input.prompt_input = "x";
    return run_with(h, &input, &infer);
}
#endif

static const Check checks[] = {
    {"dirty padding is harmless", dirty_padding, PASS},
    {"odd defaults are harmless", odd_defaults, PASS},
    {"ABI check: fail mode returns -1", fail_mode, PASS},
    {"ABI check: real mode crashes at the first callback", real_mode, SIGSEGV},
    {"ABI check: null handle", null_handle, SIGABRT},
    {"ABI check: use after destroy", after_destroy, SIGABRT},
    {"ABI check: double destroy", double_destroy, SIGABRT},
    {"ABI check: destroy during a run", destroy_in_callback, SIGABRT},
    {"ABI check: null param", null_param, SIGABRT},
    {"ABI check: function or struct as third argument", wrong_third, SIGABRT},
    {"ABI check: unreadable model path", bad_path, SIGABRT},
    {"ABI check: NaN", bad_float, SIGABRT},
    {"ABI check: bool", bad_bool, SIGABRT},
    {"ABI check: reserved bytes", bad_reserved, SIGABRT},
    {"ABI check: input type", bad_type, SIGABRT},
    {"ABI check: unreadable prompt", bad_prompt, SIGABRT},
    {"ABI check: unreadable tokens", bad_tokens, SIGABRT},
    {"ABI check: mode", bad_mode, SIGABRT},
    {"a read beyond the result crashes", guard_page, SIGSEGV},
    {"kept text is poisoned", poisoned_text, SIGABRT},
    {"race: abort", race, SIGABRT},
    {"race: hang", race_hang, HANG},
#if SIM_ABI >= 10200
    {"ABI check: cpu mask", bad_mask, SIGABRT},
#endif
#if SIM_ABI >= 10201
    {"ABI check: role", bad_role, SIGABRT},
    {"clear_kv_cache with two arguments", two_arguments, SIGSEGV},
#endif
#if SIM_ABI >= 10300
    {"ABI check: sampling params", bad_sampling, SIGABRT},
#endif
    {0},
};

static const Check racing[] = {{"race: garbage", race_garbage, PASS}, {0}};

void abi_checks(void)
{
    run_checks(checks);
    if (!clean)
        run_checks(racing);
}
