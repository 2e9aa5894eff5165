// run.c - see run.h: admission, preparation, the thread, and the end of a run.
#include "run/run.h"
#include "abi/facts.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/message.h"
#include "base/settings.h"
#include "base/trace.h"
#include "node/npu.h"
#include "run/batch.h"
#include "run/emit.h"
#include "run/generate.h"
#include "run/images.h"
#include "run/perf_log.h"
#include "run/process_faults.h"
#include "run/prompt.h"
#include "run/reply_faults.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { READY, OVER, REFUSED } Preparation;      // OVER: the run succeeds without a callback

static Preparation prepare(Run *r)
{
    Handle *h = r->h;
    if (h->paused) {                    // continues the paused run; the prompt of this run is ignored
        h->paused = false;
        r->resumed = true;
        return READY;
    }
    h->tail.n = 0;
    if (!images_usable(r)) {
        r->ret = h->model.image_error;
        return OVER;
    }
    if (prompt_prepare(r) || faulty(&r->faults, FAULT_run_minus1))
        return REFUSED;
    reply_faults_apply(r);
    if (r->rq.type == RKLLM_INPUT_MULTIMODAL && !abi_facts->image_count)
        h->kv.len = h->kv.history_len;  // images are not reused before 1.2.1
    int tokens = kv_prefill(&h->kv, r->ids, r->n_ids, r->rq.keep_history);
    if (tokens < 0)
        return REFUSED;
    r->prefill_tokens = tokens;
    images_log_reuse(r);
    return READY;
}

static void trace_end_of_run(const Run *r)
{
    if (!trace_on())
        return;
    Buf b = {0};
    trace_begin(&b, "run_end");
    trace_int(&b, "ret", r->ret);
    trace_int(&b, "prefill_tokens", r->prefill_tokens);
    trace_int(&b, "emitted", r->emitted);
    trace_int(&b, "aborted", r->aborted);
    trace_int(&b, "paused", r->paused);
    trace_int(&b, "kv", r->h->kv.len);
    trace_end(&b);
}

static void leave(Handle *h)
{
    pthread_mutex_lock(&h->lock);
    h->running = false;
    pthread_cond_broadcast(&h->wake);
    pthread_mutex_unlock(&h->lock);
}

// Ends and frees the run. Returns the return value of rkllm_run.
static int end(Run *r)
{
    int ret = r->ret;
    emit_done(r);
    if (r->begin_us) {                  // a refused run does not change the state of the handle
        kv_end_run(&r->h->kv, r->rq.keep_history);
        reply_faults_end(r);
        log_perf(r);
    }
    trace_end_of_run(r);
    free(r->prompt);
    free(r->ids);
    free((char *)r->rq.cache_path);
    npu_leave(r->npu);
    leave(r->h);
    if (r->async && faulty(&r->faults, FAULT_late_callback)) {
        sleep_ms(20);
        emit_text(r, RKLLM_RUN_NORMAL, 0, "late", 4);
        emit_done(r);
    }
    free(r);
    return ret;
}

static void *generate_thread(void *run)
{
    generate(run);
    return NULL;
}

static void *async_thread(void *run)
{
    generate(run);
    end(run);
    return NULL;
}

// Handles a second run on a handle whose run is active. The caller holds the lock.
static void race(Handle *h)
{
    if (setting_is(SETTING_RACE, "hang")) {
        pthread_mutex_unlock(&h->lock);
        hang();
    }
    if (strcmp(setting(SETTING_RACE, "abort"), "abort")) {      // RACE=garbage
        atomic_store(&h->scrambled, true);
        while (h->running)
            pthread_cond_wait(&h->wake, &h->lock);
        return;
    }
    message("RACE", "a second run on a handle that is running");
    abort();
}

static void enter(Handle *h)
{
    pthread_mutex_lock(&h->lock);
    if (h->running)
        race(h);
    else
        atomic_store(&h->scrambled, false);
    h->running = true;
    atomic_store(&h->abort, false);
    atomic_store(&h->abort_at_us, 0);
    bool join = h->has_worker;
    h->has_worker = false;
    pthread_mutex_unlock(&h->lock);
    if (join)
        pthread_join(h->worker, NULL);
}

static Run *new_run(Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer, void *userdata, bool async)
{
    Run *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    r->h = h;
    r->async = async;
    r->npu = -1;
    r->speed = clock_speed();
    r->split_characters = *setting(SETTING_UTF8, abi_facts->split_characters);
    r->rq = request_read(h, input, infer, userdata);
    if (r->rq.cache_path)               // an async run outlives the caller's structs
        r->rq.cache_path = text_copy(r->rq.cache_path, strlen(r->rq.cache_path));
    faults_draw(CLASS_RUN, h->model.fault, &r->faults);
    return r;
}

static void start_thread(pthread_t *thread, void *(*body)(void *), Run *r)
{
    if (pthread_create(thread, NULL, body, r))
        abort();
}

int run_start(Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer, void *userdata, bool async)
{
    enter(h);
    if (h->broken) {
        fprintf(stderr, "GGML_ASSERT: view_src == NULL\n");
        abort();
    }
    Run *r = new_run(h, input, infer, userdata, async);
    if (h->n_batch > 1) {
        r->ret = run_batch(r, input, infer);
        return end(r);
    }
    Preparation preparation = prepare(r);
    if (preparation != READY) {
        if (preparation == REFUSED)
            r->ret = -1;
        return end(r);
    }
    if (async) {
        h->has_worker = true;
        start_thread(&h->worker, async_thread, r);
        return 0;
    }
    if (faulty(&r->faults, FAULT_callback_on_other_thread)) {
        pthread_t other;
        start_thread(&other, generate_thread, r);
        pthread_join(other, NULL);
    } else
        generate(r);
    return end(r);
}
