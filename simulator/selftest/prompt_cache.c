// prompt_cache.c - tests of prompt cache files.
#define _GNU_SOURCE
#include "selftest/harness.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROMPT "A fixed beginning that many prompts have in common."
enum { HEADER = 294, ROW = 4096 * 4, TOKEN = 28688 };   // bytes; the vocabulary of the demo model is 4096

static char path[300];
static RKLLMInput input;
static RKLLMInferParam infer;

static int save_from(LLMHandle h, const char *prompt, const char *file)
{
    RKLLMPromptCacheParam cache = {1, file};
    infer.prompt_cache_params = &cache;
    input.prompt_input = prompt;
    int ret = run_with(h, &input, &infer);
    infer.prompt_cache_params = NULL;
    return ret;
}

static bool save(const char *prompt)    // on a handle of its own
{
    snprintf(path, sizeof path, "%s/cache", scratch);
    LLMHandle h = open_demo();
    return !save_from(h, prompt, path) && logged("I rkllm: saved prompt cache to ") && !api.destroy(h);
}

static int tokens_in_file(void)         // word 2
{
    int32_t words[3] = {0};
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(words, sizeof *words, 3, f) : 0;
    if (f)
        fclose(f);
    return n == 3 ? words[2] : -1;
}

static int prefilled(LLMHandle h, const char *prompt)   // tokens, from the trace, because perf exists from 1.2.1 on only
{
    char trace[300], line[100000];
    snprintf(trace, sizeof trace, "%s/cache_trace", scratch);
    remove(trace);
    set("TRACE", trace);
    input.prompt_input = prompt;
    int ret = run_with(h, &input, &infer);
    set("TRACE", "");
    FILE *f = fopen(trace, "r");
    line[f ? fread(line, 1, sizeof line - 1, f) : 0] = 0;
    if (f)
        fclose(f);
    const char *at = strstr(line, "\"prefill_tokens\":");
    return ret || !at ? -1 : atoi(at + strlen("\"prefill_tokens\":"));
}

static bool size_and_content(void)
{
    struct stat status;
    bool ok = save(PROMPT "!count 3");
    int count = tokens_in_file();
    return ok && !stat(path, &status) && is(count > 20, "word 2 is the number of tokens") &&
        is(status.st_size == HEADER + ROW + (off_t)count * TOKEN, "size of the file");
}

static bool generated_tokens(void)      // are in the file
{
    bool ok = save("!count 1");
    int one = tokens_in_file();
    return ok && save("!count 7") && is(tokens_in_file() == one + 6, "six tokens more");
}

static bool reuse(void)                 // of the common beginning, on a new handle
{
    LLMHandle h = open_demo();
    int whole = prefilled(h, PROMPT " One."), rest, again;
    bool ok = !api.destroy(h) && save(PROMPT " Two.");
    h = open_demo();
    ok = ok && !api.load_cache(h, path) && logged("I rkllm: load prompt cache from '") &&
         logged("I rkllm: loaded a prompt cache with prompt size of ");
    rest = prefilled(h, PROMPT " One.");
    ok = ok && is(rest > 0 && rest < whole - 20, "prefix reused") && !api.release_cache(h);
    again = prefilled(h, PROMPT " One.");
    return ok && is(again == whole, "nothing reused after the release") && !api.destroy(h);
}

static bool refused(const char *line)   // the load fails with this log line
{
    LLMHandle h = open_demo();
    return is(api.load_cache(h, path) == -1, "the load fails") && logged(line) && !api.destroy(h);
}

static bool bad_files(void)
{
    snprintf(path, sizeof path, "%s/absent", scratch);
    bool ok = refused("E rkllm: prompt cache file '");
    snprintf(path, sizeof path, "%s/foreign", scratch);
    FILE *f = fopen(path, "w");
    fflush(f);
    ok = ok && refused("' is empty");
    fputs("something else, long enough to be read as a header", f);
    fclose(f);
    return ok && refused("E rkllm: failed to load prompt cache from ");
}

static bool cut_short(void) { return save(PROMPT) && !truncate(path, HEADER + ROW + TOKEN); }
static bool truncated(void) { return cut_short() && refused("E rkllm: failed to load prompt cache from "); }

static bool truncated_crash(void)
{
    set("FAULT", "cache_segv");
    return cut_short() && refused("");
}

static bool any_crash(void)
{
    set("FAULT", "cache_segv:any");
    return save(PROMPT) && refused("");
}

static bool other_model(void)
{
    bool ok = save(PROMPT);
    LLMHandle h = open_text("RKSIMULATOR1\n{\"arch\": \"llama\"}");
    return ok && api.load_cache(h, path) == -1 && logged("E rkllm: the prompt dose not match the current model[llama]") &&
        !api.destroy(h);
}

static bool other_version(void)
{
    bool ok = save(PROMPT);
    set("VERSION", "1.2.77");
    return ok && refused("E rkllm: failed to load prompt cache from ");
}

static bool release_first(void)         // before another file is loaded
{
    bool ok = save(PROMPT);
    LLMHandle h = open_demo();
    ok = ok && !api.load_cache(h, path) && is(api.load_cache(h, path) == -1, "not released");
    return ok && !api.release_cache(h) && !api.load_cache(h, path) && !api.destroy(h);
}

static bool disk_full(void)
{
    LLMHandle h = open_demo();
    bool ok = is(save_from(h, PROMPT, "/dev/full") == -1, "the run fails") && is(seen->finishes == 1, "with a FINISH");
    return ok && logged("E rkllm: failed to save prompt cache to /dev/full") && !run(h, "!count 1") && !api.destroy(h);
}

static bool default_path(void)
{
    LLMHandle h = open_demo();
    bool ok = !chdir(scratch) && !save_from(h, PROMPT, NULL) && !access("prompt_cache.bin", R_OK);
    return ok && logged("prompt_cache_save_path is null, save prompt cache to ./prompt_cache.bin") && !api.destroy(h);
}

static bool unsupported(void)
{
    snprintf(path, sizeof path, "%s/never", scratch);
    LLMHandle h = open_text("RKSIMULATOR1\n{\"arch\": \"rwkv7\"}");
    bool ok = !save_from(h, PROMPT, path) && logged("W rkllm: The rwkv model does not support loading/saving prompt cache!");
    ok = ok && !api.load_cache(h, path) && !api.destroy(h);
    h = open_text("RKSIMULATOR1\n{\"arch\": \"qwen35\"}");
    ok = ok && !save_from(h, PROMPT, path) && logged("W rkllm: The qwen35 model does not support saving prompt cache!");
    int first = prefilled(h, PROMPT "!count 1"), again = prefilled(h, PROMPT "!count 1");
    ok = ok && is(first > 0 && again == first, "no prefix is reused");
    return ok && is(access(path, F_OK), "nothing is saved") && !api.destroy(h);
}

static LLMHandle current;
static int abort_third(RKLLMResult *r, LLMCallState state)
{
    (void)r;
    (void)state;
    return seen->calls == 3 ? api.abort(current) : 0;
}

static bool load_after_abort(const char *fault)
{
    set("FAULT", fault);
    current = open_demo();
    snprintf(path, sizeof path, "%s/cache", scratch);
    on_callback = abort_third;
    bool ok = !save_from(current, "!count 50", path);
    on_callback = NULL;
    return ok && !api.load_cache(current, path) && !api.destroy(current);
}

static bool after_abort(void) { return load_after_abort(""); }
static bool after_abort_crash(void) { return load_after_abort("cache_after_abort"); }

static bool time_of_transfer(void)      // 1 MB at 200 MB/s takes 5 ms, at a hundredth of the speed 500 ms
{
    bool ok = save(PROMPT);
    LLMHandle h = open_demo();
    set("SPEED", "0.01");
    double begin = now_ms();
    ok = ok && !api.load_cache(h, path);
    double expected = (HEADER + ROW + tokens_in_file() * (double)TOKEN) / 200000 * 100;
    return ok && is(now_ms() - begin >= expected, "200 MB/s") && !api.destroy(h);
}

#if SIM_ABI >= 10200
static bool with_history(void)          // a run that keeps the history does not reuse the file
{
    LLMHandle h = open_demo();
    int whole = prefilled(h, PROMPT);
    bool ok = !api.destroy(h) && save(PROMPT);
    h = open_demo();
    ok = ok && !api.load_cache(h, path);
    keep_history(&infer);
    return ok && is(prefilled(h, PROMPT) == whole, "whole prompt prefilled") && !api.destroy(h);
}
#endif

static const Check checks[] = {
    {"prompt cache: size of the file", size_and_content, PASS},
    {"prompt cache: generated tokens", generated_tokens, PASS},
    {"prompt cache: reuse on another handle", reuse, PASS},
    {"prompt cache: missing, empty and foreign file", bad_files, PASS},
    {"prompt cache: truncated file", truncated, PASS},
    {"fault cache_segv: truncated file", truncated_crash, SIGSEGV},
    {"fault cache_segv:any", any_crash, SIGSEGV},
    {"prompt cache: file of another model", other_model, PASS},
    {"prompt cache: file of another version", other_version, PASS},
    {"prompt cache: release before the next file", release_first, PASS},
    {"prompt cache: disk full", disk_full, PASS},
    {"prompt cache: default path", default_path, PASS},
    {"prompt cache: models that cannot save", unsupported, PASS},
    {"prompt cache: load after an aborted run", after_abort, PASS},
    {"fault cache_after_abort", after_abort_crash, SIGSEGV},
    {"prompt cache: time of a transfer", time_of_transfer, PASS},
#if SIM_ABI >= 10200
    {"prompt cache: a run that keeps the history", with_history, PASS},
#endif
    {0},
};

void prompt_cache_checks(void) { run_checks(checks); }
