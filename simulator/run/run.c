// run.c - one inference from admission to its last callback. Callbacks come on the thread that called rkllm_run,
// or on the handle's own thread after rkllm_run_async; nothing is locked while the host runs.
#include "sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hang(void)
{
    for (;;)
        pause();
}

// 0: go on; 1: over already, successfully; -1: refused. Nothing was called back yet.
static int prepare(Run *r)
{
    Handle *h = r->h;
    if (h->paused) {                    // the prompt of this run is not looked at
        h->paused = false;
        r->resumed = true;
        return 0;
    }
    h->tail.n = 0;
    bool image = r->rq.type == RKLLM_INPUT_MULTIMODAL && (!r->rq.n_image || !r->rq.n_image_tokens);
    if (image || faulty(&r->faults, FAULT_n_image_unset)) {
        log_line("E rkllm: The n_image/n_image_token of multimodal_input is not set");
        return 1;
    }
    if (run_prompt(r))
        return -1;
    if (faulty(&r->faults, FAULT_run_minus1))
        return -1;
    misreply(r);
    return kv_prefill(r);
}

// Abort is not honoured here: on the board a prefill runs to its end.
static void prefill(Run *r)
{
    Handle *h = r->h;
    r->begin_us = now_us();
    double us = r->speed > 0 ? r->prefill_tokens * h->model.prefill_ms * 1000 / r->speed : 0;
    if (faulty(&r->faults, FAULT_slow_prefill))
        us = (double)r->n_ids * 1000 * (double)fault_number(&r->faults, FAULT_slow_prefill, 10);
    if (faulty(&r->faults, FAULT_hang) && !strcmp(fault_arg(&r->faults, FAULT_hang), "prefill"))
        hang();
    if (us > 0)
        wait_until(h, r->begin_us + (long long)us, false);
    if (!r->resumed && r->rq.save_cache && cache_save(h, r->rq.cache_path))
        log_line("E rkllm: failed to save prompt cache to %s", r->rq.cache_path);
    r->first_us = r->deadline_us = now_us();
    r->prefill_us = r->first_us - r->begin_us;
}

// A host that is slow in its callback does not make the next token come sooner.
static void decode_wait(Run *r, long delay_us)
{
    double us = delay_us >= 0 ? (double)delay_us : r->speed > 0 ? r->h->model.decode_ms * 1000 / r->speed : 0;
    if (us <= 0)
        return;
    long long now = now_us();
    r->deadline_us = (r->deadline_us + (long long)us > now ? r->deadline_us : now) + (long long)us;
    wait_until(r->h, r->deadline_us, true);
}

static bool fault_at(const Run *r, Fault f)     // number in the argument: before which token, from 1
{
    return faulty(&r->faults, f) && fault_number(&r->faults, f, f == FAULT_error_state ? 0 : 1) ==
           r->emitted + (f == FAULT_error_state ? 0 : 1);
}

// true: an ERROR callback ended the run
static bool token_faults(Run *r)
{
    if (!r->faults.on)
        return false;
    if (fault_at(r, FAULT_segv))
        crash();
    if (fault_at(r, FAULT_abort)) {
        fputs("terminate called after throwing an instance of 'std::runtime_error'\n  what():  npu task timeout\n", stderr);
        abort();
    }
    if (fault_at(r, FAULT_orphan)) {
        if (!fork()) {
            sleep(4);
            _exit(0);
        }
        crash();
    }
    if (fault_at(r, FAULT_exit)) {
        log_line("E RKNN: failed to submit, giving up");
        exit(0);
    }
    if (fault_at(r, FAULT_hang) && strcmp(fault_arg(&r->faults, FAULT_hang), "prefill"))
        hang();
    if (!fault_at(r, FAULT_error_state))
        return false;
    emit_text(r, RKLLM_RUN_ERROR, 0, NULL, 0);
    r->ret = strstr(fault_arg(&r->faults, FAULT_error_state), "minus1") ? -1 : 0;
    return true;
}

static bool next_token(Run *r, Token *t)
{
    Handle *h = r->h;
    bool more = reply_next(&h->reply, &h->model, t);
    if (!more && (h->ignore_eos || faulty(&r->faults, FAULT_eos_ignored))) {
        reply_rewind(&h->reply);
        if (!reply_next(&h->reply, &h->model, t))
            *t = (Token){'!', "!", 1, -1, false, false};
        more = true;
    }
    if (more && atomic_load_explicit(&h->scrambled, memory_order_relaxed))
        *t = (Token){151935 % h->model.vocab, "[PAD151935]", 11, -1, true, false};
    if (more && !h->model.tokenizer)        // no tokenizer, no text: only the id
        t->text = "", t->len = 0, t->raw = true;
    t->null_text |= more && faulty(&r->faults, FAULT_null_text) && r->emitted % 2 == 0;
    return more;
}

// Returns false when no FINISH is to follow.
static bool generate_text(Run *r)
{
    Handle *h = r->h;
    int limit = r->rq.max_new;
    bool eos = false;
    Token t;
    if (faulty(&r->faults, FAULT_null_result))
        ((LLMResultCallback)h->result_callback)(NULL, r->rq.userdata, RKLLM_RUN_WAITING);
    while (!(r->aborted = abort_due(h)) && (limit <= 0 || r->emitted < limit)) {
        if (token_faults(r))
            return false;
        if (!next_token(r, &t)) {
            eos = !faulty(&r->faults, FAULT_empty_stream);
            break;
        }
        if (r->emitted || t.delay_us >= 0)
            decode_wait(r, t.delay_us);
        if ((r->aborted = abort_due(h)))
            break;
        if (t.len == 8 && faulty(&r->faults, FAULT_finish_at_think_end) && !memcmp(t.text, "</think>", 8))
            break;
        r->emitted++;
        kv_push(h, t.id);
        if (emit_token(r, &t) == SAY_PAUSE) {
            h->paused = r->paused = true;
            return false;
        }
    }
    if (eos) {
        decode_wait(r, -1);
        const char *text = h->skip_special ? "" : h->model.eos;
        if (!(r->aborted = abort_due(h)))
            emit_text(r, RKLLM_RUN_NORMAL, h->model.eos_id, text, strlen(text));
    }
    return true;
}

static bool generate_floats(Run *r)
{
    const Model *m = &r->h->model;
    bool logits = r->rq.mode == 2;
    int dim = logits ? m->vocab : m->embd;
    if (SIM_ABI >= 10200 && !logits)
        emit_text(r, RKLLM_RUN_NORMAL, 0, NULL, 0);
    if (!abort_due(r->h))
        emit_floats(r, logits, vectors(r->ids, r->n_ids, dim), dim, (int)r->n_ids);
    return true;
}

static void generate(Run *r)
{
    const FaultSet *f = &r->faults;
    prefill(r);
    if (r->async && faulty(f, FAULT_async_hang))
        hang();
    if (r->async && faulty(f, FAULT_async_no_callback))
        return;
    if (faulty(f, FAULT_matmul_failed))
        for (int i = 0; i < 3; i++)
            log_line("E rkllm: matmul(w8a8) run failed");
    else if (!(r->rq.mode ? generate_floats(r) : generate_text(r)))
        return;
    if (faulty(f, FAULT_no_finish))
        return;
    emit_finish(r, faulty(f, FAULT_null_result));
    if (faulty(f, FAULT_double_finish))
        emit_finish(r, false);
}

static int end(Run *r)
{
    Handle *h = r->h;
    int ret = r->ret;
    emit_done(r);
    if (r->begin_us) {                  // a refused run leaves no trace
        kv_end(r);
        stale_remember(r);
        log_perf(r);
    }
    if (trace_on()) {
        Buf b = {0};
        trace_begin(&b, "run_end");
        trace_int(&b, "ret", ret);
        trace_int(&b, "prefill_tokens", r->prefill_tokens);
        trace_int(&b, "emitted", r->emitted);
        trace_int(&b, "aborted", r->aborted);
        trace_int(&b, "paused", r->paused);
        trace_int(&b, "kv", h->kv_len);
        trace_end(&b);
    }
    free(r->prompt);
    free(r->ids);
    free((char *)r->rq.cache_path);
    pthread_mutex_lock(&h->lock);
    h->running = false;
    pthread_cond_broadcast(&h->wake);
    pthread_mutex_unlock(&h->lock);
    if (r->async && faulty(&r->faults, FAULT_late_callback)) {
        sleep_ms(20);
        emit_text(r, RKLLM_RUN_NORMAL, 0, "late", 4);
        emit_done(r);
    }
    free(r);
    return ret;
}

static void *generate_thread(void *run) { return generate(run), NULL; }
static void *async_thread(void *run) { return generate(run), end(run), NULL; }

// Two runs at once on one handle: the setting RACE says how it goes wrong.
static void enter(Handle *h)
{
    pthread_mutex_lock(&h->lock);
    if (h->running) {
        if (setting_is(SETTING_RACE, "") || setting_is(SETTING_RACE, "abort")) {
            message("RACE", "a second run on a handle that is running");
            abort();
        }
        if (setting_is(SETTING_RACE, "hang")) {
            pthread_mutex_unlock(&h->lock);
            hang();
        }
        atomic_store(&h->scrambled, true);
        while (h->running)
            pthread_cond_wait(&h->wake, &h->lock);
    } else
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

int run_start(Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer, void *userdata, bool async)
{
    enter(h);
    if (h->broken) {
        fprintf(stderr, "GGML_ASSERT: view_src == NULL\n");
        abort();
    }
    Run *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    r->h = h;
    r->async = async;
    r->speed = clock_speed();
    r->shape = *setting(SETTING_UTF8, SIM_ABI >= 10200 ? "A" : "B");
    r->rq = request_read(h, input, infer, userdata);
    if (r->rq.cache_path)               // an async run outlives the caller's structs
        r->rq.cache_path = text_copy(r->rq.cache_path, strlen(r->rq.cache_path));
    faults_draw(CLASS_RUN, h->model.fault, &r->faults);
    if (h->n_batch > 1) {
        r->ret = run_batch(r, input, infer);
        return end(r);
    }
    int ready = prepare(r);
    if (ready) {
        r->ret = ready < 0 ? -1 : 0;
        return end(r);
    }
    pthread_t other;
    if (async) {
        h->has_worker = true;
        if (pthread_create(&h->worker, NULL, async_thread, r))
            abort();
        return 0;
    }
    if (faulty(&r->faults, FAULT_callback_on_other_thread)) {
        if (pthread_create(&other, NULL, generate_thread, r))
            abort();
        pthread_join(other, NULL);
    } else
        generate(r);
    return end(r);
}
