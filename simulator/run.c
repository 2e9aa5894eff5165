/* One run: prompt to tokens, the callback sequence of this version, the KV cache, and what can go wrong on the way. */
#include "sim.h"
#include <math.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

double speed(void)
{
    return atof(env("RKLLM_STANDIN_SPEED", "1"));
}

static struct timespec deadline_after(double ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    double ns = (double)t.tv_nsec + ms * 1e6;
    t.tv_sec += (time_t)(ns / 1e9);
    t.tv_nsec = (long)fmod(ns, 1e9);
    return t;
}

/* A decode step ends early when abort is called; prefill does not (F17). */
void sleep_ms(sim *s, double ms, bool until_abort)
{
    if (ms <= 0)
        return;
    struct timespec until = deadline_after(ms);
    pthread_mutex_lock(&s->lock);
    while (!(until_abort && s->aborted) && pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&s->lock);
}

const char *run_fault(sim *s, const char *name)
{
    return fault(s->m, s->run_fault.data, name, s->run_call);
}

static void hang(void)
{
    for (;;)
        pause();
}

/* The result of a callback: as large as this version's struct and not a byte more; behind it lies a page that cannot be read. */
static RKLLMResult *new_result(sim *s)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (!s->page) {
        s->page = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mprotect(s->page + page, page, PROT_NONE);
    }
    RKLLMResult *r = (RKLLMResult *)(s->page + page - sizeof(RKLLMResult));
    memset(r, 0, sizeof *r);
    return r;
}

/* What was handed out is valid during its callback only: the next one finds it overwritten and gone. */
static void poison_last_text(sim *s)
{
    if (s->last_text) {
        memset(s->last_text, 0xDD, strlen(s->last_text));
        free(s->last_text);
        s->last_text = NULL;
    }
}

/* Returns what the version makes of the callback's answer: 0 go on, 1 pause, 2 release buffers. */
static int call_back(sim *s, void *userdata, uint32_t state, int id, const char *text, size_t length, RKLLMResult *result)
{
    poison_last_text(s);
    if (!result && state != RUN_ERROR)
        result = new_result(s);
    if (result) {
        result->token_id = id;
        if (text) {
            s->last_text = malloc(length + 1);
            memcpy(s->last_text, text, length);
            s->last_text[length] = 0;
            result->text = s->last_text;
        }
    }
    if (s->faulty && result && run_fault(s, "null_text"))
        result->text = NULL;
    if (s->faulty && run_fault(s, "null_result") && (state == RUN_FINISH || state == RUN_WAITING))
        result = NULL;
    int answer = s->callback(result, userdata, state);
    return RKSIM_ABI >= 121 ? answer : 0;
}

typedef struct {
    void *userdata;
    int max_new_tokens;
    int emitted;
    double prefill_ms, generate_ms;
    int prefill_tokens;
    char held[8]; /* bytes of a character that is not whole yet */
    size_t held_count;
    int characters; /* of several tokens, so far */
} progress;

static void finish(sim *s, progress *p)
{
    RKLLMResult *r = new_result(s);
#if RKSIM_ABI >= 121
    r->perf = (RKLLMPerfStat){(float)p->prefill_ms, p->prefill_tokens, (float)p->generate_ms, p->emitted > 0 ? p->emitted - 1 : 0, 1689.21f};
#endif
    if (!run_fault(s, "no_finish"))
        call_back(s, p->userdata, RUN_FINISH, 0, NULL, 0, r);
    if (run_fault(s, "double_finish"))
        call_back(s, p->userdata, RUN_FINISH, 0, NULL, 0, new_result(s));
    if (log_level() >= 1)
        say("I rkllm: Prefill %.2f ms %d tokens, Generate %.2f ms %d tokens", p->prefill_ms, p->prefill_tokens, p->generate_ms, p->emitted);
}

static bool is_whole(const char *bytes, size_t length)
{
    unsigned char lead = (unsigned char)*bytes;
    return length >= (lead < 0x80 ? 1u : lead < 0xE0 ? 2u : lead < 0xF0 ? 3u : 4u);
}

/* A token that ends inside a character: A says WAITING and nothing else, B gives its bytes, C gives bytes now and the whole later. */
static int emit_token(sim *s, progress *p, const token *t, const char *text)
{
    char shape = s->shape;
    unsigned char first = (unsigned char)*text;
    bool part = !t->raw && t->length > 0 && (p->held_count > 0 || (first >= 0xE0 && !is_whole(text, (size_t)t->length)));
    if (!part)
        return call_back(s, p->userdata, RUN_NORMAL, t->id, text, (size_t)t->length, NULL);

    memcpy(p->held + p->held_count, text, (size_t)t->length);
    p->held_count += (size_t)t->length;
    bool whole = is_whole(p->held, p->held_count);
    int answer;
    if (whole && shape != 'B')
        answer = call_back(s, p->userdata, RUN_NORMAL, t->id, p->held, p->held_count, NULL);
    else if (whole || (shape == 'B' && p->characters % 2 == 1))
        answer = call_back(s, p->userdata, RUN_NORMAL, t->id, text, (size_t)t->length, NULL);
    else if (shape == 'C')
        answer = call_back(s, p->userdata, RUN_WAITING, t->id, p->held, p->held_count, NULL);
    else
        answer = call_back(s, p->userdata, RUN_WAITING, t->id, shape == 'A' ? NULL : text, (size_t)t->length, NULL);
    if (whole) {
        p->held_count = 0;
        p->characters++;
    }
    return answer;
}

static void remember(sim *s, const int *ids, size_t count)
{
    free(s->kv);
    s->kv = malloc((count + 1) * sizeof *s->kv);
    memcpy(s->kv, ids, count * sizeof *ids);
    s->kv_count = count;
}

static void remember_one(sim *s, int id)
{
    size_t room = 64;
    while (room < s->kv_count + 1)
        room *= 2;
    if (s->kv_count == 0 || (s->kv_count & (s->kv_count - 1)) == 0 || room != s->kv_count)
        s->kv = realloc(s->kv, (s->kv_count + 1 > room ? s->kv_count + 1 : room) * sizeof *s->kv);
    s->kv[s->kv_count++] = id;
    /* The window slides: generation that outgrows it never stops by itself. */
    if (s->kv_count > (size_t)s->param.max_context_len) {
        size_t kept = s->kv_count / 2;
        memmove(s->kv, s->kv + (s->kv_count - kept), kept * sizeof *s->kv);
        s->kv_count = kept;
    }
}

/* Faults that strike at a token; its number counts from 1. */
static void strike(sim *s, int number)
{
    const char *at;
    if ((at = run_fault(s, "segv")) && atoi(at) == number)
        crash();
    if ((at = run_fault(s, "abort")) && atoi(at) == number)
        abort();
    if ((at = run_fault(s, "kill")) && atoi(at) == number)
        raise(SIGKILL);
    if ((at = run_fault(s, "exit")) && atoi(at) == number)
        _exit(3);
    if ((at = run_fault(s, "hang")) && atoi(at) == number)
        hang();
}

/* Emits the reply from a given token on. Returns the number of the token at which a pause was asked for, or -1. */
static long emit_reply(sim *s, progress *p, reply *r, size_t from)
{
    double factor = speed();
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t i = from; i < r->count || r->endless; i++) {
        const token *t = &r->items[r->endless ? i % r->count : i];
        if (s->aborted || p->emitted >= p->max_new_tokens)
            break;
        if (s->faulty)
            strike(s, p->emitted + 1);
        /* A delay of the script's own holds at any speed; the first token is part of the prefill. */
        if (t->delay_ms >= 0)
            sleep_ms(s, t->delay_ms, true);
        else if (factor > 0 && p->emitted > 0)
            sleep_ms(s, s->m->decode_ms / factor, true);
        if (s->aborted)
            break;
        p->emitted++;
        remember_one(s, t->id);
        if (emit_token(s, p, t, r->text.data + t->offset) == 1)
            return (long)i + 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    p->generate_ms += (double)(now.tv_sec - start.tv_sec) * 1e3 + (double)(now.tv_nsec - start.tv_nsec) / 1e6;
    return -1;
}

static void end_of_text(sim *s, progress *p, const reply *r)
{
    bool ignore = run_fault(s, "eos_ignored") != NULL;
#if RKSIM_ABI >= 130
    ignore = ignore || s->param.ignore_eos_token;
#endif
    if (s->aborted || p->emitted >= p->max_new_tokens)
        return;
    if (ignore) {
        reply again = *r;
        again.endless = r->count > 0;
        emit_reply(s, p, &again, 0);
        return;
    }
    const char *text = s->param.skip_special_token ? "" : "<|im_end|>";
    call_back(s, p->userdata, RUN_NORMAL, s->m->eos, text, strlen(text), NULL);
}

/* The text the model sees: what the caller sent, inside the template that is in force. */
static void template_prompt(sim *s, const RKLLMInput *input, buffer *prompt)
{
    if (input->input_type == INPUT_TOKEN) {
        decode(s->m, input->token_input.input_ids, input->token_input.n_tokens, prompt);
        return;
    }
    const char *text = input->input_type == INPUT_PROMPT ? input->prompt_input : input->input_type == INPUT_MULTIMODAL ? input->multimodal_input.prompt : "";
    if (RKSIM_ABI == 110 || !s->m->has_template) {
        buffer_text(prompt, text);
    } else if (s->prefix) {
        buffer_format(prompt, "%s%s%s%s", s->system, s->prefix, text, s->postfix);
    } else {
        const char *role = "user";
#if RKSIM_ABI >= 121
        role = input->role ? input->role : "user";
#endif
        buffer_format(prompt, "<|im_start|>%s\n%s<|im_end|>\n<|im_start|>assistant\n", role, text);
    }
}

static void trace_run(const RKLLMInput *input, const RKLLMInferParam *infer, const buffer *prompt, const int *ids, size_t count)
{
    if (!trace_on())
        return;
    buffer b = {0};
    buffer_format(&b, ",\"input_type\":%u,\"mode\":%u", input->input_type, infer->mode);
#if RKSIM_ABI >= 121
    buffer_format(&b, ",\"role\":\"%s\",\"enable_thinking\":%d", input->role ? input->role : "", input->enable_thinking);
#endif
#if RKSIM_ABI >= 120
    buffer_format(&b, ",\"keep_history\":%d", infer->keep_history);
#endif
#if RKSIM_ABI >= 130
    const RKLLMSamplingParam *p = infer->sampling_params;
    buffer_format(&b, ",\"max_new_tokens\":%d", infer->max_new_tokens);
    if (p)
        buffer_format(&b, ",\"top_k\":%d,\"top_p\":%g,\"temperature\":%g,\"repeat_penalty\":%g,\"frequency_penalty\":%g,\"presence_penalty\":%g,\"mirostat\":%d,\"mirostat_tau\":%g,\"mirostat_eta\":%g",
                      p->top_k, p->top_p, p->temperature, p->repeat_penalty, p->frequency_penalty, p->presence_penalty, p->mirostat, p->mirostat_tau, p->mirostat_eta);
#endif
    buffer_text(&b, ",\"prompt\":");
    buffer_json(&b, prompt->data, prompt->length);
    buffer_text(&b, ",\"tokens\":[");
    for (size_t i = 0; i < count; i++)
        buffer_format(&b, "%s%d", i ? "," : "", ids[i]);
    buffer_text(&b, "]");
    trace_bytes(&b, "raw_input", input, sizeof *input);
    trace_bytes(&b, "raw_infer", infer, sizeof *infer);
    trace_line("rkllm_run", &b);
    free(b.data);
}

/* Prefill: the part of the prompt that is not in the cache already. */
static void prefill(sim *s, progress *p, const int *ids, size_t count)
{
    size_t reused = 0;
    if (RKSIM_ABI >= 120)
        while (reused < count && reused < s->kv_count && s->kv[reused] == ids[reused])
            reused++;
    remember(s, ids, count);
    p->prefill_tokens = (int)(count - reused);
    double factor = speed();
    const char *slow = run_fault(s, "slow_prefill");
    p->prefill_ms = slow ? atof(slow) * p->prefill_tokens : factor > 0 ? s->m->prefill_ms * p->prefill_tokens / factor : 0;
    sleep_ms(s, p->prefill_ms, false);
    const char *at = run_fault(s, "hang");
    if (at && strcmp(at, "prefill") == 0)
        hang();
}

/* A unit vector per token, the same for the same ids up to it. */
static int give_vectors(sim *s, progress *p, const int *ids, size_t count, bool logits)
{
    int width = logits ? s->m->vocab : s->m->embd;
    float *values = malloc(count * (size_t)width * sizeof *values);
    unsigned h = 2166136261u;
    for (size_t row = 0; row < count; row++) {
        h = (h ^ (unsigned)ids[row]) * 16777619u;
        unsigned x = h;
        double sum = 0;
        for (int i = 0; i < width; i++) {
            x = x * 1664525u + 1013904223u;
            float v = (float)((double)x / 4294967296.0 - 0.5);
            values[row * (size_t)width + (size_t)i] = v;
            sum += (double)v * v;
        }
        for (int i = 0; i < width; i++)
            values[row * (size_t)width + (size_t)i] /= (float)sqrt(sum);
    }
    /* From 1.2.0 on one callback without data comes first. */
    if (RKSIM_ABI >= 120)
        call_back(s, p->userdata, RUN_NORMAL, 0, NULL, 0, NULL);
    RKLLMResult *r = new_result(s);
#if RKSIM_ABI >= 120
    if (logits) {
        r->logits = (RKLLMResultLogits){values, width, (int)count};
    } else
#endif
        r->last_hidden_layer = (RKLLMResultLastHiddenLayer){values, width, (int)count};
    int answer = call_back(s, p->userdata, RKSIM_ABI == 110 ? RUN_LAST_HIDDEN : RUN_NORMAL, 0, NULL, 0, r);
    memset(values, 0xDD, count * (size_t)width * sizeof *values);
    free(values);
    return answer;
}

/* The whole of a run that got as far as the NPU. */
static int generate(sim *s, progress *p, const RKLLMInferParam *infer, const char *prompt, const int *ids, size_t count, reply *r)
{
    const char *leak = run_fault(s, "leak");
    if (leak)
        memset(malloc((size_t)atoi(leak) << 20), 1, (size_t)atoi(leak) << 20);
    if (run_fault(s, "n_image_unset")) {
        say("E rkllm: The n_image/n_image_token of multimodal_input is not set");
        return 0;
    }
    prefill(s, p, ids, count);
    if (run_fault(s, "error_state")) {
        say("E rkllm: matmul(w8a8) run failed");
        call_back(s, p->userdata, RUN_ERROR, 0, NULL, 0, NULL);
        return strcmp(run_fault(s, "error_state"), "-1") == 0 ? -1 : 0;
    }
    if (infer->mode != INFER_GENERATE) {
        give_vectors(s, p, ids, count, infer->mode == INFER_LOGITS);
        finish(s, p);
        return 0;
    }
    if (run_fault(s, "matmul_failed")) {
        for (int i = 0; i < 3; i++)
            say("E rkllm: matmul(w8a8) run failed");
        finish(s, p);
        return 0;
    }
    if (run_fault(s, "empty_stream"))
        reply_free(r);
    if (s->stale.count > 0) {
        emit_reply(s, p, &s->stale, s->stale_at);
        reply_free(&s->stale);
    }
    (void)prompt;
    long paused = emit_reply(s, p, r, 0);
    if (paused >= 0) {
        s->paused = true;
        s->paused_reply = *r;
        s->paused_at = (size_t)paused;
        *r = (reply){0};
        return 0;
    }
    end_of_text(s, p, r);
    finish(s, p);
    return 0;
}

static void fault_text(sim *s, reply *r)
{
    const char *words = run_fault(s, "garbage_tokens") ? "[PAD151935]" : run_fault(s, "embedded_control_chars") ? "a\x01\x1b[0m\x7f b" : NULL;
    if (words)
        for (int i = 0; i < 50; i++)
            reply_raw(r, words, strlen(words), 151935 % s->m->vocab);
    if (run_fault(s, "loop_token")) {
        reply_raw(r, "!", 1, '!');
        r->endless = true;
    }
    if (run_fault(s, "invalid_utf8")) {
        reply_raw(r, "ok \xFF", 4, 1);
        reply_raw(r, "\xC0\xAF", 2, 2);
        reply_raw(r, " end \xF0\x9F", 7, 3);
    }
    if (run_fault(s, "huge_piece")) {
        char *huge = malloc(1 << 20);
        memset(huge, 'x', 1 << 20);
        reply_raw(r, huge, 1 << 20, 4);
        free(huge);
    }
    if (run_fault(s, "finish_at_think_end"))
        reply_text(s->m, r, "<think>\nhm\n", 11, -1);
}

static int run_locked(sim *s, const RKLLMInput *input, const RKLLMInferParam *infer, void *userdata)
{
    s->run_call = fault_count(AT_RUN);
    s->run_fault.length = 0;
    free(s->run_fault.data);
    s->run_fault = (buffer){0};
    if (s->broken_load || !s->m) {
        say("GGML_ASSERT(view_src == NULL) failed");
        abort();
    }
    s->shape = *env("RKLLM_STANDIN_UTF8", RKSIM_ABI == 110 ? "B" : "A");
    progress p = {.userdata = userdata ? userdata : s->userdata, .max_new_tokens = s->param.max_new_tokens};
#if RKSIM_ABI >= 130
    if (infer->max_new_tokens > 0)
        p.max_new_tokens = infer->max_new_tokens;
#endif
    if (p.max_new_tokens <= 0)
        p.max_new_tokens = s->param.max_context_len;

    /* A paused generation goes on, and the new prompt is not looked at (F25). */
    if (s->paused) {
        s->paused = false;
        reply r = s->paused_reply;
        s->paused_reply = (reply){0};
        if (emit_reply(s, &p, &r, s->paused_at) < 0) {
            end_of_text(s, &p, &r);
            finish(s, &p);
        }
        reply_free(&r);
        return 0;
    }
    if (run_fault(s, "run_minus1"))
        return -1;
#if RKSIM_ABI >= 121
    if (input->role && strcmp(input->role, "tool") == 0 && input->input_type == INPUT_PROMPT) {
        json *parsed = json_parse(input->prompt_input);
        if (!parsed)
            return -1;
        json_free(parsed);
    }
#endif
    if (!s->m->has_tokenizer && input->input_type == INPUT_PROMPT) {
        say("E rkllm: Tokenizer is unavailable: model has no internal tokenizer and no external tokenizer_callback provided.");
        return -1;
    }

    buffer prompt = {0};
    template_prompt(s, input, &prompt);
    size_t count;
    int *ids;
    if (input->input_type == INPUT_TOKEN) {
        count = input->token_input.n_tokens;
        ids = malloc((count + 1) * sizeof *ids);
        memcpy(ids, input->token_input.input_ids, count * sizeof *ids);
    } else {
        ids = encode(s->m, prompt.data, prompt.length, &count);
    }
    trace_run(input, infer, &prompt, ids, count);

    int status = 0;
    reply r = {0};
    int window = RKSIM_ABI == 110 ? s->param.max_context_len - 4 : s->param.max_context_len;
    if ((int)count > window) {
        if (RKSIM_ABI == 110)
            say("error: prompt gather than max context (prompt: %zu tokens, max context: %d)", count, window);
        else
            say("E rkllm: the length of prompt (%zu tokens) is greater than max context (%d)", count, window);
        status = -1;
    } else {
        script_answer(s->m, prompt.data, &s->run_fault, &r);
        s->faulty = s->run_fault.data || s->m->fault || env("RKLLM_STANDIN_FAULT", NULL);
        fault_text(s, &r);
        status = generate(s, &p, infer, prompt.data, ids, count, &r);
    }
#if RKSIM_ABI >= 120
    if (infer->prompt_cache_params && infer->prompt_cache_params->save_prompt_cache) {
        const char *path = infer->prompt_cache_params->prompt_cache_path;
        FILE *f = fopen(path ? path : "./prompt_cache.bin", "wb");
        if (f) {
            fprintf(f, "RKCACHE1%s", sim_version());
            fwrite(ids, sizeof *ids, count, f);
            fclose(f);
        }
    }
#endif
    reply_free(&r);
    free(prompt.data);
    free(ids);
    poison_last_text(s);
    return status;
}

int run(sim *s, const RKLLMInput *input, const RKLLMInferParam *infer, void *userdata)
{
    if (atomic_fetch_add(&s->running, 1) > 0) {
        /* Two threads in one handle: a real library hangs, mixes answers or crashes. */
        const char *mode = env("RKLLM_STANDIN_RACE", "abort");
        if (strcmp(mode, "hang") == 0)
            hang();
        if (strcmp(mode, "abort") == 0) {
            say("E rkllm: STANDIN RACE: two runs on one handle");
            fflush(stdout);
            abort();
        }
    }
    pthread_mutex_lock(&s->lock);
    s->aborted = false;
    pthread_mutex_unlock(&s->lock);
    int status = run_locked(s, input, infer, userdata);
    atomic_fetch_sub(&s->running, 1);
    return status;
}
