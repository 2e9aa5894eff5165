// init.c - see init.h.
#include "api/init.h"
#include "abi/facts.h"
#include "api/init_log.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/faults.h"
#include "base/log.h"
#include "base/settings.h"
#include "handle/handle.h"
#include "node/ledger.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void log_failed(void)
{
    if (abi_facts->prefixed_log)
        log_line("E rkllm: rkllm_init failed");
}

static void log_invalid(void)
{
    if (abi_facts->prefixed_log) {
        log_line("E rkllm: invalid rkllm model!");
        return;
    }
    log_line(": invalid magic characters");
    log_line(": error: failed to load model");
}

static void log_unknown_platform(void)
{
    log_line("E rkllm: Platform error: must be either RK3588, RK3576, RV1126B, or RK3562. Your platform is unknown.");
}

static void log_wrong_platform(void)
{
    log_line("E rkllm: The model target_platform does not match!");
    log_line("E rkllm: Query platform error!");
}

static void log_too_old(void) { log_line("W rkllm: Warning: The model version is too old"); }

static void log_context(int wanted, int limit)
{
    log_line("E rkllm: max_context[%d] must be less than the model's max_context_limit[%d]", wanted, limit);
}

static void log_oom(long long bytes)
{
    log_line("E RKNN: failed to allocate handle, ret: -1, errno: 14, errstr: Bad address");
    log_line("E RKNN: failed to malloc npu memory, size: %lld, flags: 0x2", bytes);
    log_line("E RKNN: load model file error!");
    log_failed();
}

#if defined __x86_64__
#define ILLEGAL_INSTRUCTION "ud2"
#elif defined __aarch64__
#define ILLEGAL_INSTRUCTION ".inst 0x00000000"
#endif


static void process_faults_of_init(const FaultSet *f)
{
    while (faulty(f, FAULT_init_hang))
        pause();
    if (faulty(f, FAULT_init_slow))
        sleep_ms((double)fault_number(f, FAULT_init_slow, 1000));
    if (faulty(f, FAULT_sigill))
        __asm__ volatile(ILLEGAL_INSTRUCTION);
    if (faulty(f, FAULT_second_init_segv) && handles_alive() > 0)
        crash();
    if (faulty(f, FAULT_half_line))
        fputs("loading: 50%", stderr);
    if (faulty(f, FAULT_first_killed))
        ledger_kill_first();
}

// If an injected fault refuses this init, logs the reason and returns true.
static bool refused_by_fault(const FaultSet *f, const RKLLMParam *p)
{
    if (faulty(f, FAULT_bad_magic) || faulty(f, FAULT_too_new))
        log_invalid();
    else if (faulty(f, FAULT_too_old))
        log_too_old();
    else if (faulty(f, FAULT_unknown_platform))
        log_unknown_platform();
    else if (faulty(f, FAULT_wrong_platform))
        log_wrong_platform();
    else if (faulty(f, FAULT_ctx_limit))
        log_context(p->max_context_len, p->max_context_len / 2);
    else if (faulty(f, FAULT_npu_oom))
        log_oom(1711276032);
    else if (faulty(f, FAULT_no_device)) {
        log_line("E RKNN: failed to open rknpu module, need to insmod rknpu dirver!");
        log_line("E RKNN: failed to open rknn device!");
    } else if (faulty(f, FAULT_too_many_files))
        log_line("E RKNN: failed to open rknn device!, errno: 24, errstr: Too many open files");
    else
        return false;
    return true;
}

static bool model_fits(const Model *m, const RKLLMParam *p)
{
    const char *platform = platform_name();
    if (!strstr("RK3588 RK3576 RV1126B RK3562", platform)) {
        log_unknown_platform();
        return false;
    }
    if (strcmp(platform, m->platform)) {
        log_wrong_platform();
        return false;
    }
    if (!strncmp(m->toolkit, "1.0.", 4)) {
        log_too_old();
        return false;
    }
    if (p->max_context_len > m->ctx_limit) {
        log_context(p->max_context_len, m->ctx_limit);
        return false;
    }
    return true;
}

// If the model cannot be used, logs the reason and returns false.
static bool usable(ModelStatus status, const Model *m, const FaultSet *faults, const RKLLMParam *p)
{
    process_faults_of_init(faults);
    if (refused_by_fault(faults, p))
        return false;
    if (status == MODEL_MISSING) {
        log_line("E rkllm: failed to open model file %s", p->model_path);
        log_failed();
        return false;
    }
    if (status == MODEL_FOREIGN) {
        // The only line that the vendor's library does not have: a user may not know that there is no NPU.
        log_line("E rkllm: this is the simulator, which answers from scripts such as the model demo and cannot run a language model; "
                 "a board with an RK3588 or RK3576 and Rockchip's librkllmrt.so can");
        log_invalid();
        return false;
    }
    return model_fits(m, p);
}

static char *copy(const char *text) { return text ? text_copy(text, strlen(text)) : NULL; }

static Handle *make_handle(const Model *m, const RKLLMParam *p, const Callbacks *callbacks)
{
    ParamFields more = param_fields(p);
    Handle *h = handle_new();
    h->model = *m;
    h->callbacks = *callbacks;
    h->max_new = p->max_new_tokens;
    h->skip_special = p->skip_special_token && m->skips_special;
    h->ignore_eos = more.ignore_eos;
    h->cross_attn = more.cross_attn;
    h->image_start = copy(more.image_start);
    h->image_end = copy(more.image_end);
    h->image_content = copy(more.image_content);
    h->n_batch = more.n_batch ? more.n_batch : 1;
    int window = p->max_context_len > 0 ? p->max_context_len : m->ctx_limit;
    kv_new(&h->kv, window, more.n_keep > 0 ? more.n_keep : 0);
    h->kv.no_reuse = !strncmp(m->arch, "rwkv", 4) || !strncmp(m->arch, "qwen35", 6);
    return h;
}

// Enters the model into the ledger of the node. If it does not fit, fails as this version does, or as the setting OOM says.
static bool enter_node(Handle *h, const RKLLMParam *p)
{
    h->ledger_number = ledger_add(p->extend_param.base_domain_id, h->model.bytes);
    if (h->ledger_number >= 0)
        return true;
    log_oom(h->model.bytes);
    if (setting_is(SETTING_OOM, "segv") || (abi_facts->memory_crash && !setting_is(SETTING_OOM, "fail")))
        crash();
    h->ledger_number = 0;
    handle_free(h);
    return false;
}

int init_handle(LLMHandle *out, const RKLLMParam *p, const Callbacks *callbacks)
{
    FaultSet faults;
    Model model;
    log_version(p);
    ModelStatus status = model_load(&model, p->model_path ? p->model_path : "");
    faults_draw(CLASS_INIT, status == MODEL_OK ? model.fault : NULL, &faults);
    bool broken = faulty(&faults, FAULT_init0_broken);
    if (!broken && !usable(status, &model, &faults, p)) {
        model_free(&model);
        return -1;
    }
    Handle *h = make_handle(&model, p, callbacks);
    h->broken = broken;
    if (broken) {
        log_line("E RKNN: invalid rknn llm model magic");
        log_line("E RKNN: load model file error!");
        log_line("E RKNN: rknn_init fail! ret=-1");
    } else if (enter_node(h, p))
        log_loaded(&h->model, p);
    else
        return -1;
    *out = h;
    return 0;
}
