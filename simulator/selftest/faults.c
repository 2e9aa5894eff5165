// faults.c - tests of every fault in base/faults.h, each in its own process.
#define _GNU_SOURCE
#include "selftest/harness.h"
#include "base/faults.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *fault, *prompt;
    int expect, init, ret;                  // expect: PASS, HANG, EXIT or a signal
    const char *transcript, *log;           // NULL: not compared
} Case;

static const Case cases[] = {
    {"bad_magic", NULL, PASS, -1, 0, NULL,
     SIM_ABI >= 10200 ? "E rkllm: invalid rkllm model!" : "error: failed to load model"},
    {"too_new", NULL, PASS, -1, 0, NULL, NULL},
    {"too_old", NULL, PASS, -1, 0, NULL, "The model version is too old"},
    {"wrong_platform", NULL, PASS, -1, 0, NULL, "The model target_platform does not match!"},
    {"unknown_platform", NULL, PASS, -1, 0, NULL, "Platform error: must be either RK3588"},
    {"ctx_limit", NULL, PASS, -1, 0, NULL, "must be less than the model's max_context_limit"},
    {"npu_oom", NULL, PASS, -1, 0, NULL, "failed to malloc npu memory"},
    {"no_device", NULL, PASS, -1, 0, NULL, "need to insmod rknpu dirver!"},
    {"too_many_files", NULL, PASS, -1, 0, NULL, "Too many open files"},
    {"init0_broken", "x", SIGABRT, 0, 0, NULL, NULL},
    {"init_hang", NULL, HANG, 0, 0, NULL, NULL},
    {"init_slow:400", NULL, HANG, 0, 0, NULL, NULL},
    {"sigill", NULL, SIGILL, 0, 0, NULL, NULL},
    {"half_line", "!count 1", PASS, 0, 0, "[ 1][]F", NULL},
    {"run_minus1", "x", PASS, 0, -1, "", NULL},
    {"error_state", "x", PASS, 0, 0, "E", NULL},
    {"error_state:minus1", "x", PASS, 0, -1, "E", NULL},
    {"error_state:2", "!count 9", PASS, 0, 0, "[ 1][ 2]E", NULL},
    {"segv", "!count 9", SIGSEGV, 0, 0, "", NULL},
    {"segv:3", "!count 9", SIGSEGV, 0, 0, "[ 1][ 2]", NULL},
    {"abort:3", "!count 9", SIGABRT, 0, 0, "[ 1][ 2]", NULL},
    {"exit:3", "!count 9", EXIT, 0, 0, "[ 1][ 2]", NULL},
    {"orphan:3", "!count 9", SIGSEGV, 0, 0, "[ 1][ 2]", NULL},
    {"hang:prefill", "!count 9", HANG, 0, 0, "", NULL},
    {"hang:3", "!count 9", HANG, 0, 0, "[ 1][ 2]", NULL},
    {"slow_prefill:100", "x y z", HANG, 0, 0, NULL, NULL},
    {"no_finish", "!count 2", PASS, 0, 0, "[ 1][ 2][]", NULL},
    {"double_finish", "!count 2", PASS, 0, 0, "[ 1][ 2][]FF", NULL},
    {"finish_at_think_end", "!think hi", PASS, 0, 0, "[<think>]<0a>[hm]<0a>F", NULL},
    {"eos_ignored", "!count 2", PASS, 0, 0, "[ 1][ 2][ 1][ 2][ 1][ 2]F", NULL},
    {"loop_token", "x", PASS, 0, 0, "[ again][ again][ again][ again][ again][ again]F", NULL},
    {"garbage_tokens", "x", PASS, 0, 0,
     "[[PAD151935]][[PAD151935]][[PAD151935]][[PAD151935]][[PAD151935]][[PAD151935]]F", NULL},
    {"invalid_utf8", "x", PASS, 0, 0, "[ok ]<ff><c0af>[ then ]<e4bd>[]F", NULL},
    {"null_text", "!count 2", PASS, 0, 0, "-[ 2][]F", NULL},
    {"null_result", "!count 2", PASS, 0, 0, "w0[ 1][ 2][]F", NULL},
    {"empty_stream", "x", PASS, 0, 0, "F", NULL},
    {"huge_piece:3000", "x", PASS, 0, 0, "[xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx][]F", NULL},
    {"embedded_control_chars", "x", PASS, 0, 0, NULL, NULL},
    {"matmul_failed", "x", PASS, 0, 0, "F", "E rkllm: matmul(w8a8) run failed"},
    {"n_image_unset", "x", PASS, 0, 0, "", SIM_ABI >= 10201 ? "The n_image/n_image_token of multimodal_input is not set" : "The n_image_token of multimodal_input is not set"},
    {"leak:3", "!count 1", PASS, 0, 0, "[ 1][]F", NULL},
    {"run_minus1@2", "!count 1", PASS, 0, 0, "[ 1][]F", NULL},
};
static const Case *now;

static bool one_case(void)
{
    set("FAULT", now->fault);
    RKLLMParam p = defaults();
    p.max_new_tokens = 6;
    LLMHandle h = open_with(p);
    if (!is((h == NULL) == (now->init == -1), "init"))
        return false;
    if (h && !is(run(h, now->prompt) == now->ret, "return value"))
        return false;
    if (now->log && !logged(now->log))
        return false;
    return !now->transcript || said(now->transcript);
}

static bool by_command(void)
{
    LLMHandle h = open_demo();
    return !run(h, "!fault double_finish") && seen->finishes == 2 && run(h, "!fault run_minus1") == -1 &&
        !run(h, "!count 1") && seen->finishes == 1;
}

static bool by_header(void)
{
    const char *model = "RKSIMULATOR1\n{\"fault\": \"run_minus1@2\", \"script\": [{\"match\": \"a\", \"emit\": \"b\"}]}";
    LLMHandle h = open_text(model);
    return !run(h, "a") && said("[b][]F") && run(h, "a") == -1 && !run(h, "a");
}

static bool state_file(void)            // the fault occurs in the first process, not in the second
{
    char path[300];
    snprintf(path, sizeof path, "%s/state", scratch);
    set("FAULT_STATE", path);
    set("FAULT", "segv@1:2");
    return !run(open_demo(), "!count 3") && said("[ 1][ 2][ 3][]F");
}

static bool stale_tail(void)
{
    set("FAULT", "stale_tail");
    RKLLMParam p = defaults();
    p.max_new_tokens = 3;
    LLMHandle h = open_with(p);
    return !run(h, "!count 5") && said("[ 1][ 2][ 3]F") && !run(h, "!echo new") && said("[ 4][ 5][new]F");
}

static LLMHandle current;
static int abort_third(RKLLMResult *r, LLMCallState s)
{
    (void)r;
    (void)s;
    if (seen->calls == 3)
        api.abort(current);
    return 0;
}

static bool aborting(const char *fault)
{
    set("FAULT", fault);
    current = open_demo();
    on_callback = abort_third;
    return !run(current, "!count 5");
}

static bool abort_ignored(void) { return aborting("abort_ignored") && said("[ 1][ 2][ 3][ 4][ 5][]F"); }
static bool abort_minus1(void) { return aborting("abort_minus1") && api.abort(current) == -1; }
static bool abort_late(void) { return aborting("abort_late:5000") && said("[ 1][ 2][ 3][ 4][ 5][]F"); }

static bool with(const char *fault, int (*act)(LLMHandle), int expected)
{
    set("FAULT", fault);
    LLMHandle h = open_demo();
    return act(h) == expected;
}

static bool destroy_hang(void) { return with("destroy_hang", api.destroy, 0); }
static bool inverted(void) { return with("is_running_inverted", api.is_running, SIM_ABI >= 10300); }
static bool second_init(void)
{
    set("FAULT", "second_init_segv");
    return open_demo() && open_demo();
}

static int destroy_inside(RKLLMResult *r, LLMCallState s)
{
    (void)r;
    (void)s;
    return api.destroy(current);
}

static bool destroy_running(void)
{
    set("FAULT", "destroy_while_running_segv");
    on_callback = destroy_inside;
    return run(current = open_demo(), "x");
}

static bool second_instance(void)
{
    set("FAULT", "second_instance_garbage");
    set("VERSION", "1.1.4");
    LLMHandle a = open_demo(), b = open_demo();
    return a && !run(b, "hello") && strstr(seen->text, "PAD151935");
}

static bool other_thread(void)
{
    set("FAULT", "callback_on_other_thread");
    return !run(open_demo(), "!count 1") && said("[ 1][]F") && seen->thread != getpid();
}

static bool start_async(const char *fault)
{
    static RKLLMInput input;
    static RKLLMInferParam infer;
    set("FAULT", fault);
    input.prompt_input = "!count 2";
    return !api.run_async(current = open_demo(), &input, &infer, NULL);
}

static bool async_no_callback(void)
{
    return start_async("async_no_callback") && !usleep(50000) && said("") && !api.destroy(current);
}

static bool late_callback(void)
{
    bool ok = start_async("late_callback");
    while (ok && api.is_running(current) == (SIM_ABI >= 10300))
        usleep(1000);
    return ok && !api.destroy(current) && said("[ 1][ 2][]F[late]");
}

static bool async_hang(void)
{
    bool ok = start_async("async_hang");
    while (ok && api.is_running(current) == (SIM_ABI >= 10300))
        usleep(1000);
    return ok;
}

#if SIM_ABI >= 10200
static int clear(LLMHandle h) { return api.clear(h, 0, NULL, NULL); }
static int set_template(LLMHandle h) { return api.set_template(h, "", "", ""); }
static bool clear_minus1(void) { return with("clear_minus1", clear, -1); }
static bool template_minus1(void) { return with("template_minus1", set_template, -1); }
#endif

static bool missing_model(void)
{
    RKLLMParam p = defaults();
    p.model_path = "/nonexistent.rkllm";
    return !open_with(p);
}

static bool foreign_model(void)
{
    RKLLMParam p = defaults();
    p.model_path = "/proc/self/exe";
    return !open_with(p);
}

static bool too_big_context(void)
{
    RKLLMParam p = defaults();
    p.max_context_len = 16384;
    return !open_with(p) && logged("max_context[16384] must be less than the model's max_context_limit[4096]");
}

static const Check checks[] = {
    {"fault by the !fault command", by_command, PASS},
    {"fault in the model header", by_header, PASS},
    {"fault state file: first process", state_file, SIGSEGV},
    {"fault state file: second process", state_file, PASS},
    {"fault stale_tail", stale_tail, PASS},
    {"fault abort_ignored", abort_ignored, PASS},
    {"fault abort_minus1", abort_minus1, PASS},
    {"fault abort_late", abort_late, PASS},
    {"fault destroy_hang", destroy_hang, HANG},
    {"fault destroy_while_running_segv", destroy_running, SIGSEGV},
    {"fault is_running_inverted", inverted, PASS},
    {"fault second_init_segv", second_init, SIGSEGV},
    {"fault second_instance_garbage", second_instance, PASS},
    {"fault callback_on_other_thread", other_thread, PASS},
    {"fault async_no_callback", async_no_callback, PASS},
    {"fault late_callback", late_callback, PASS},
    {"fault async_hang", async_hang, HANG},
#if SIM_ABI >= 10200
    {"fault clear_minus1", clear_minus1, PASS},
    {"fault template_minus1", template_minus1, PASS},
#endif
    {"missing model", missing_model, PASS},
    {"foreign model", foreign_model, PASS},
    {"context beyond the model's limit", too_big_context, PASS},
    {0},
};

void fault_checks(void)
{
    char name[100], state[300];
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        now = &cases[i];
        snprintf(name, sizeof name, "fault %s", now->fault);
        check(name, one_case, now->expect);
    }
    snprintf(state, sizeof state, "%s/state", scratch);
    remove(state);
    run_checks(checks);
}
