// handle.c - rkllm_init and the life of a handle. Destroyed handles stay in the registry, a few hundred bytes each,
// so that a second destroy or a late call is recognised instead of reading freed memory.
#include "sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static Handle *registry;

Handle *handle_new(void)
{
    Handle *h = calloc(1, sizeof *h);
    pthread_condattr_t attr;
    if (!h)
        abort();
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->wake, &attr);
    pthread_condattr_destroy(&attr);
    size_t system_page = (size_t)sysconf(_SC_PAGESIZE);
    h->page_len = (32 * sizeof(RKLLMResult) + system_page - 1) / system_page * system_page;
    h->guard_len = system_page;
    h->page = mmap(NULL, h->page_len + h->guard_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (h->page == MAP_FAILED || mprotect(h->page + h->page_len, h->guard_len, PROT_NONE))
        abort();
    h->magic = HANDLE_MAGIC;
    h->alive = true;
    h->builtin_template = true;
    pthread_mutex_lock(&registry_lock);
    h->next = registry;
    registry = h;
    pthread_mutex_unlock(&registry_lock);
    return h;
}

bool handle_known(const Handle *wanted)
{
    bool found = false;
    pthread_mutex_lock(&registry_lock);
    for (const Handle *h = registry; h; h = h->next)
        found |= h == wanted && h->alive && h->magic == HANDLE_MAGIC;
    pthread_mutex_unlock(&registry_lock);
    return found;
}

int handles_alive(void)
{
    int n = 0;
    pthread_mutex_lock(&registry_lock);
    for (const Handle *h = registry; h; h = h->next)
        n += h->alive;
    pthread_mutex_unlock(&registry_lock);
    return n;
}

void handle_free(Handle *h)
{
    if (h->has_worker)
        pthread_join(h->worker, NULL);
    pthread_mutex_lock(&registry_lock);
    h->alive = false;
    h->magic = 0xdddddddddddddddd;
    pthread_mutex_unlock(&registry_lock);
    munmap(h->page, h->page_len + h->guard_len);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->wake);
    reply_free(&h->reply);
    model_free(&h->model);
    char **texts[] = {&h->lora,  &h->system,   &h->prefix, &h->postfix, &h->tools_system,
                      &h->tools, &h->tool_tag, &h->stale};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free(*texts[i]);
        *texts[i] = NULL;
    }
    free(h->tail.p);
    h->tail = (Buf){0};
    free(h->kv);
    h->kv = NULL;
}

static void failed(void)
{
#if SIM_ABI >= 10200
    log_line("E rkllm: rkllm_init failed");
#endif
}

static void say_invalid(void)
{
#if SIM_ABI >= 10200
    log_line("E rkllm: invalid rkllm model!");
#else
    log_line(": invalid magic characters");
    log_line(": error: failed to load model");
#endif
}

static void say_platform(bool unknown)
{
    if (unknown)
        log_line("E rkllm: Platform error: must be either RK3588, RK3576, RV1126B, or RK3562. Your platform is unknown.");
    else {
        log_line("E rkllm: The model target_platform does not match!");
        log_line("E rkllm: Query platform error!");
    }
}

static void say_oom(void)
{
    log_line("E RKNN: failed to allocate handle, ret: -1, errno: 14, errstr: Bad address");
    log_line("E RKNN: failed to malloc npu memory, size: 1711276032, flags: 0x2");
    log_line("E RKNN: load model file error!");
    failed();
}

// true: this init is refused by an injected fault, and the reason was printed
static bool refused(const FaultSet *f, const RKLLMParam *p)
{
    if (faulty(f, FAULT_init_hang))
        for (;;)
            pause();
    if (faulty(f, FAULT_init_slow))
        sleep_ms((double)fault_number(f, FAULT_init_slow, 1000));
    if (faulty(f, FAULT_sigill)) {
#if defined __x86_64__
        __asm__ volatile("ud2");
#elif defined __aarch64__
        __asm__ volatile(".inst 0x00000000");
#endif
        abort();
    }
    if (faulty(f, FAULT_second_init_segv) && handles_alive() > 0)
        crash();
    if (faulty(f, FAULT_half_line))
        fputs("loading: 50%", stderr);
    if (faulty(f, FAULT_bad_magic) || faulty(f, FAULT_too_new))
        say_invalid();
    else if (faulty(f, FAULT_too_old))
        log_line("W rkllm: Warning: The model version is too old");
    else if (faulty(f, FAULT_wrong_platform) || faulty(f, FAULT_unknown_platform))
        say_platform(faulty(f, FAULT_unknown_platform));
    else if (faulty(f, FAULT_ctx_limit))
        log_line("E rkllm: max_context[%d] must be less than the model's max_context_limit[%d]", p->max_context_len,
                 p->max_context_len / 2);
    else if (faulty(f, FAULT_npu_oom))
        say_oom();
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
    if (!strstr("RK3588 RK3576 RV1126B RK3562", platform))
        return say_platform(true), false;
    if (strcmp(platform, m->platform))
        return say_platform(false), false;
    if (!strncmp(m->toolkit, "1.0.", 4)) {
        log_line("W rkllm: Warning: The model version is too old");
        return false;
    }
    if (p->max_context_len > m->ctx_limit) {
        log_line("E rkllm: max_context[%d] must be less than the model's max_context_limit[%d]", p->max_context_len,
                 m->ctx_limit);
        return false;
    }
    return true;
}

int simulate_init(LLMHandle *out, const RKLLMParam *p, const Handle *callbacks)
{
    FaultSet faults;
    Model model;
    log_init(NULL, p);
    ModelStatus status = model_load(&model, p->model_path ? p->model_path : "");
    faults_draw(CLASS_INIT, status == MODEL_OK ? model.fault : NULL, &faults);
    bool broken = faulty(&faults, FAULT_init0_broken), bad = !broken && refused(&faults, p);
    if (!bad && !broken && status == MODEL_MISSING) {
        log_line("E rkllm: failed to open model file %s", p->model_path);
        failed();
        bad = true;
    }
    if (!bad && !broken && status == MODEL_FOREIGN)
        say_invalid(), bad = true;
    if (bad || (!broken && !model_fits(&model, p))) {
        model_free(&model);
        return -1;
    }
    if (broken) {
        log_line("E RKNN: invalid rknn llm model magic");
        log_line("E RKNN: load model file error!");
        log_line("E RKNN: rknn_init fail! ret=-1");
    }
    Handle *h = handle_new();
    h->model = model;
    h->broken = broken;
    h->window = p->max_context_len > 0 ? p->max_context_len : model.ctx_limit;
    h->max_new = p->max_new_tokens;
    h->skip_special = p->skip_special_token;
    h->n_batch = 1;
#if SIM_ABI >= 10200
    h->n_keep = p->n_keep > 0 ? p->n_keep : 0;
#endif
#if SIM_ABI >= 10201
    h->n_batch = p->extend_param.n_batch ? p->extend_param.n_batch : 1;
    h->cross_attn = p->extend_param.use_cross_attn;
#endif
#if SIM_ABI >= 10300
    h->ignore_eos = p->ignore_eos_token;
#endif
    h->result_callback = callbacks->result_callback;
    h->result_userdata = callbacks->result_userdata;
    h->tokenizer_callback = callbacks->tokenizer_callback;
    h->tokenizer_userdata = callbacks->tokenizer_userdata;
    h->embed_callback = callbacks->embed_callback;
    h->embed_userdata = callbacks->embed_userdata;
    h->kv = malloc((size_t)(h->window + 1) * sizeof *h->kv);
    if (!h->kv)
        abort();
    if (!broken)
        log_init(h, p);
    *out = h;
    return 0;
}
