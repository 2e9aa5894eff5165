// selftest-behaviour.c - callback transcripts, state and timing without faults.
#define _GNU_SOURCE
#include "selftest.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static RKLLMInput input;
static RKLLMInferParam infer;

static bool is(bool ok, const char *what)
{
    if (!ok)
        snprintf(seen->why, sizeof seen->why, "%s (transcript %.200s)", what, seen->text);
    return ok;
}

static bool plain(void)
{
    LLMHandle h = open_demo();
    return !run(h, "Count to 5") && said("[1][,][ 2][,][ 3][,][ 4][,][ 5][]F") && is(seen->thread == syscall(SYS_gettid), "thread")
        && is(seen->userdata == (void *)&api, "userdata") && !api.destroy(h);
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
#if RKSIM_ABI >= 10300
    infer.max_new_tokens = 2;
    input.prompt_input = "!count 9";
    ok = ok && !run_with(h, &input, &infer) && said("[ 1][ 2]F");
    infer.max_new_tokens = 0;
    ok = ok && !run_with(h, &input, &infer) && said("[ 1][ 2][ 3]F");
#endif
    return ok && !api.destroy(h);
}

static bool utf8(const char *shape, const char *transcript)
{
    setenv("RKLLM_STANDIN_UTF8", shape, 1);
    LLMHandle h = open_demo();
    return !run(h, "!emoji 1") && said(transcript) && !api.destroy(h);
}

static bool utf8_a(void) { return utf8("A", "ww<f09f9880>[]F"); }
static bool utf8_b(void) { return utf8("B", "w<f09f>w<98><80>[]F"); }
static bool utf8_c(void) { return utf8("C", "w<f09f>w<98><f09f9880>[]F"); }
static bool utf8_default(void) { return utf8("", RKSIM_ABI >= 10200 ? "ww<f09f9880>[]F" : "w<f09f>w<98><80>[]F"); }
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
    bool ok = !run_with(h, &input, &infer) && is(strstr(seen->text, RKSIM_ABI >= 10200 ? "-H128x" : "H128x") == seen->text, "data");
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
    (void)r, (void)s;
    return seen->calls == 3 ? api.abort(current) : 0;
}

static bool abort_in_callback(void)
{
    LLMHandle h = current = open_demo();
    bool ok = !api.abort(h);                        // without a run: no effect
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
    setenv("RKLLM_STANDIN_FAULT", "slow_prefill:30", 1);
    double begin = now_ms();
    pthread_create(&t, NULL, abort_soon, h);
    bool ok = !run(h, "!echo abcdefgh") && said("F") && is(now_ms() - begin > 200, "prefill ran to its end");
    pthread_join(t, NULL);
    return ok && !api.destroy(h);
}

static bool scaled_time(void)
{
    LLMHandle h = open_demo();
    setenv("RKLLM_STANDIN_SPEED", "10", 1);
    double begin = now_ms();
    return !run(h, "!count 11") && is(now_ms() - begin > 65, "at least 11 steps of 6 ms") && is(now_ms() - begin < 1000, "scaled")
        && !api.destroy(h);
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

static bool prompt_cache(void)
{
    char path[300], foreign[300];
    RKLLMPromptCacheParam cache = {1, path};
    LLMHandle h = open_demo();
    snprintf(path, sizeof path, "%s/cache", scratch);
    snprintf(foreign, sizeof foreign, "%s/foreign", scratch);
    FILE *f = fopen(foreign, "w");
    fputs("something else, long enough to be read as a header", f);
    fclose(f);
    infer.prompt_cache_params = &cache;
    input.prompt_input = "!count 2";
    return !run_with(h, &input, &infer) && !api.load_cache(h, path) && api.load_cache(h, foreign) == -1 &&
        api.load_cache(h, "/nonexistent") == -1 && !api.release_cache(h) && !api.destroy(h);
}

static bool async(void)
{
    LLMHandle h = open_demo();
    int idle = RKSIM_ABI >= 10300 ? 0 : 1;
    input.prompt_input = "!sleep 30 3";
    bool ok = is(api.is_running(h) == idle, "idle") && !api.run_async(h, &input, &infer, NULL);
    ok = ok && is(api.is_running(h) == !idle, "running");
    while (api.is_running(h) != idle)
        usleep(1000);
    return ok && said("[ 1][ 2][ 3][]F") && is(seen->thread != syscall(SYS_gettid), "own thread") && !api.destroy(h);
}

static bool log_lines(void)
{
    LLMHandle h = open_demo();
    bool ok = logged("I rkllm: rkllm-runtime version: ") && logged(", rknpu driver version: 0.9.8, platform: RK3588\n");
    if (RKSIM_ABI >= 10200)
        ok = ok && logged("I rkllm: loading rkllm model from ") && logged("I rkllm: Enabled cpus: [4, 5, 6, 7]\n") &&
             logged("max_context_limit: 4096, npu_core_num: 3, target_platform: RK3588");
    if (RKSIM_ABI >= 10201)
        ok = ok && logged(", model_dtype: W8A8\n");
    setenv("RKLLM_LOG_LEVEL", "1", 1);
    return ok && !run(h, "!count 2") && logged("Tokens per Second") && !api.destroy(h);
}

static bool trace(void)
{
    char path[300], line[100000] = "";
    snprintf(path, sizeof path, "%s/trace", scratch);
    remove(path);
    setenv("RKLLM_STANDIN_TRACE", path, 1);
    LLMHandle h = open_demo();
    bool ok = !run(h, "!count 2") && !api.destroy(h);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(line, 1, sizeof line - 1, f) : 0;
    line[n] = 0;
    if (f)
        fclose(f);
    return ok && is(strstr(line, "\"call\":\"rkllm_init\"") && strstr(line, "\"param_raw\":\"") && strstr(line, "\"ids\":[") &&
                    strstr(line, "\"call\":\"rkllm_destroy\""), "trace lines");
}

static bool fast(void)
{
    RKLLMParam p = defaults();
    p.max_new_tokens = 200000;
    LLMHandle h = open_with(p);
    double begin = now_ms(), rate;
    seen->quiet = true;
    input.prompt_input = "!loop";
    bool ok = !api.run(h, &input, &infer, NULL);
    rate = 200000 / (now_ms() - begin) * 1000;
    snprintf(seen->why, sizeof seen->why, "%.0f tokens per second", rate);
    return ok && (clean || rate > 1e6) && !api.destroy(h);
}

#if RKSIM_ABI >= 10200
static bool template(void)
{
    LLMHandle h = open_demo();
    bool ok = !run(h, "!prompt") && is(strstr(seen->text, "[<|im_start|>]") == seen->text, "ChatML");
    ok = ok && !api.set_template(h, "", "", "") && logged("W rkllm: Calling rkllm_set_chat_template") && !run(h, "!prompt");
    ok = ok && said("[!][prompt][]F") && !api.set_template(h, "S ", "<", ">") && !run(h, "x");
    return ok && is(strstr(seen->text, "[ \"][S][ ][<][x]") || strstr(seen->text, "[S]"), "prefix") && !api.destroy(h);
}

static bool history(void)
{
    LLMHandle h = open_demo();
    infer.keep_history = 1;
    input.prompt_input = "My name is Bob";
    bool ok = !run_with(h, &input, &infer);
    input.prompt_input = "What is my name?";
    ok = ok && !run_with(h, &input, &infer) && said("[Your][ name][ is][ Bob][.][]F") && !api.clear(h, 0, NULL, NULL);
    infer.keep_history = 0;
    return ok && !run_with(h, &input, &infer) && is(!strstr(seen->text, "Bob"), "forgotten") && !api.destroy(h);
}

static bool logits(void)
{
    LLMHandle h = open_demo();
    input.prompt_input = "abc";
    infer.mode = RKLLM_INFER_GET_LOGITS;
    return !run_with(h, &input, &infer) && is(strstr(seen->text, "L4096x") == seen->text, "logits") && !api.destroy(h);
}
#endif

#if RKSIM_ABI >= 10201
static int pause_second(RKLLMResult *r, LLMCallState s) { return (void)r, (void)s, seen->calls == 2; }

static bool pause_and_resume(void)
{
    LLMHandle h = open_demo();
    on_callback = pause_second;
    bool ok = !run(h, "!count 4") && said("[ 1][ 2]");
    on_callback = NULL;
    ok = ok && !run(h, "!echo ignored") && said("[ 3][ 4][]F");
    return ok && !run(h, "!echo seen") && said("[seen][]F") && !api.destroy(h);
}

static bool ranges(void)
{
    LLMHandle h = open_demo();
    int from = 1, to = 3, before, after;
    bool ok = !run(h, "!count 4") && api.clear(h, 0, &from, &to) == -1 && logged("E rkllm: start_pos and end_pos are only valid");
    on_callback = pause_second;
    ok = ok && !run(h, "!count 4") && !api.kv_size(h, &before) && !api.clear(h, 0, &from, &to) && !api.kv_size(h, &after);
    return ok && is(after == before - 2, "two tokens less") && !api.destroy(h);
}

static bool kv_and_perf(void)
{
    LLMHandle h = open_demo();
    int size, prompt;
    bool ok = !run(h, "!count 7") && !api.kv_size(h, &size);
    prompt = seen->perf.prefill_tokens;
    ok = ok && is(prompt > 0 && size == prompt + 7, "prompt + generated") && is(seen->perf.generate_tokens == 6, "generate_tokens");
    ok = ok && !run(h, "!count 7") && is(seen->perf.prefill_tokens == 0, "whole prompt reused");
    ok = ok && !run(h, "!count 8") && is(seen->perf.prefill_tokens > 0 && seen->perf.prefill_tokens < prompt, "prefix reused");
    return ok && !api.clear(h, 0, NULL, NULL) && !run(h, "!count 8") && is(seen->perf.prefill_tokens == prompt, "cleared")
        && !api.destroy(h);
}

static bool tools_and_thinking(void)
{
    LLMHandle h = open_demo();
    bool ok = api.set_tools(h, "", "{not json", "x") == -1 && !api.set_tools(h, "", "[{\"name\":\"f\"}]", "tool_response");
    ok = ok && !run(h, "!tool f {\"a\": 1}") && is(strstr(seen->text, "[<tool_call>]") == seen->text, "tool call");
    input.role = "tool";
    input.prompt_input = "not json";
    ok = ok && is(run_with(h, &input, &infer) == -1, "tool role wants JSON");
    input.prompt_input = "[{\"r\": 1}]";
    ok = ok && !run_with(h, &input, &infer);
    input.role = "user";
    input.enable_thinking = true;
    input.prompt_input = "!echo hi";
    return ok && !run_with(h, &input, &infer) && is(strstr(seen->text, "[<think>]") == seen->text, "thinking") && !api.destroy(h);
}

static bool batch(void)
{
    RKLLMParam p = defaults();
    RKLLMInput two[2];
    p.extend_param.n_batch = 2;
    LLMHandle h = open_with(p);
    memset(two, 0, sizeof two);
    two[0].prompt_input = "!count 2";
    two[1].prompt_input = "!count 3";
    return !run_with(h, two, &infer) && is(seen->finishes == 1 && seen->calls == 5, "rows") && !api.destroy(h);
}
#endif

#if RKSIM_ABI >= 10300
static int tokenize(void *u, const char *text, int32_t len, int32_t *tokens, int32_t max)
{
    (void)u, (void)text;
    for (int i = 0; i < len && i < max; i++)
        tokens[i] = 300 + i;
    return len;
}

static int embed(void *u, int32_t *tokens, uint64_t count, void *out, uint64_t len)
{
    (void)u, (void)tokens, (void)count;
    memset(out, 0, len);
    return 0;
}

static bool without_tokenizer(void)
{
    char path[300];
    RKLLMParam p = defaults();
    snprintf(path, sizeof path, "%s/bare.rkllm", scratch);
    FILE *f = fopen(path, "w");
    fputs("RKSTAND1\n{\"tokenizer\": false, \"embedding\": false}", f);
    fclose(f);
    p.model_path = path;
    LLMHandle h = open_with(p);
    bool ok = run(h, "!count 1") == -1 && logged("E rkllm: Tokenizer is unavailable") && !api.destroy(h);
    callbacks.tokenizer_callback = tokenize;
    h = open_with(p);
    ok = ok && run(h, "!count 1") == -1 && logged("no embedding layer") && !api.destroy(h);
    callbacks.embed_callback = embed;
    h = open_with(p);
    return ok && !run(h, "!count 1") && said("[][]F") && !api.destroy(h);
}
#endif

void behaviour_checks(void)
{
    check("generate: one token per callback, end of sequence, one finish, caller's thread", plain, PASS);
    check("end of sequence has text without skip_special_token", eos_text, PASS);
    check("max_new_tokens ends without end of sequence", limit, PASS);
    check("UTF-8 shape A", utf8_a, PASS);
    check("UTF-8 shape B", utf8_b, PASS);
    check("UTF-8 shape C", utf8_c, PASS);
    check("UTF-8 default shape", utf8_default, PASS);
    check("invalid bytes pass through", raw_bytes, PASS);
    check("token input", token_input, PASS);
    check("guide examples", guide_examples, PASS);
    check("hidden layer", hidden_layer, PASS);
    check("abort from the callback, next run clean", abort_in_callback, PASS);
    check("abort wakes a sleeping decode step", abort_sleeping, PASS);
    check("abort does not end a prefill", prefill_not_abortable, PASS);
    check("speed scales time", scaled_time, PASS);
    check("window: too long is refused, outgrowing slides", conversation_window, PASS);
    check("prompt cache files", prompt_cache, PASS);
    check("async runs", async, PASS);
    check("log lines", log_lines, PASS);
    check("trace", trace, PASS);
    check("a million tokens per second", fast, PASS);
#if RKSIM_ABI >= 10200
    check("chat template", template, PASS);
    check("keep_history and clear", history, PASS);
    check("logits", logits, PASS);
#endif
#if RKSIM_ABI >= 10201
    check("return 1 pauses, the next run resumes", pause_and_resume, PASS);
    check("clear_kv_cache ranges", ranges, PASS);
    check("KV size, prefix reuse and perf", kv_and_perf, PASS);
    check("tools and thinking", tools_and_thinking, PASS);
    check("batch", batch, PASS);
#endif
#if RKSIM_ABI >= 10300
    check("tokenizer and embed callbacks", without_tokenizer, PASS);
#endif
}
