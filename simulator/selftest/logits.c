// logits.c - tests of the mode RKLLM_INFER_GET_LOGITS, and of rerank prompts.
#define _GNU_SOURCE
#include "selftest/harness.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if SIM_ABI >= 10200
#define RERANKER "RKSIMULATOR1\n{\"vocab\": 10000, \"pieces\": [{\"text\": \"yes\", \"id\": 9693}, {\"text\": \"no\", \"id\": 2152}]}"

static RKLLMInput input;
static RKLLMInferParam infer = {.mode = RKLLM_INFER_GET_LOGITS};
static int best, answer;                // best: id with the highest logit of the last row
static double score;                    // softmax of the ids 9693 and 2152

// Reads the last row of the first callback of a run.
static int read_first(RKLLMResult *r, LLMCallState state)
{
    if (state != RKLLM_RUN_NORMAL || seen->calls > 1 || !r->logits.logits)
        return answer;
    int vocab = r->logits.vocab_size;
    const float *row = r->logits.logits + (size_t)(r->logits.num_tokens - 1) * (size_t)vocab;
    best = 0;
    for (int i = 1; i < vocab; i++)
        if (row[i] > row[best])
            best = i;
    if (vocab > 9693)
        score = exp(row[9693]) / (exp(row[9693]) + exp(row[2152]));
    return answer;
}

static int logits_of(LLMHandle h, const char *prompt)
{
    on_callback = read_first;
    input.prompt_input = prompt;
    return run_with(h, &input, &infer);
}

static bool rows(void)                  // all prompt tokens, then one row per token of the reply
{
    LLMHandle h = open_demo();
    int count = 0;
    char expected[100];
    bool ok = !api.set_template(h, "", "", "") && !logits_of(h, "!count 3");
    ok = ok && is(sscanf(seen->text, "L4096x%d", &count) == 1 && count > 1, "rows of the prompt");
    snprintf(expected, sizeof expected, "L4096x%dL4096x1L4096x1L4096x1F", count);
    return ok && said(expected) && is(best > 256, "the token of the reply") && !api.destroy(h);
}

static bool one_token(void)
{
    RKLLMParam p = defaults();
    p.max_new_tokens = 1;
    LLMHandle h = open_with(p);
    return !logits_of(h, "!loop") && is(seen->calls == 3 && seen->finishes == 1, "prompt, one token, FINISH") && !api.destroy(h);
}

static bool judges(LLMHandle h, const char *query, const char *document, double low, double high)
{
    char prompt[2000];
    snprintf(prompt, sizeof prompt,
             "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
             "provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n<Instruct>: Given a "
             "web search query, retrieve relevant passages that answer the query\n<Query>: %s\n<Document>: %s<|im_end|>\n"
             "<|im_start|>assistant\n<think>\n\n</think>\n\n", query, document);
    return !logits_of(h, prompt) && is(score >= low && score <= high, "score") &&
        is(score == 0.5 || best == (score > 0.5 ? 9693 : 2152), "the next token");
}

static bool rerank(void)
{
    LLMHandle h = open_text(RERANKER);
    bool ok = judges(h, "capital of France", "Paris is the Capital of france.", 0.97, 0.99);
    ok = ok && judges(h, "capital of France", "Bananas are yellow", 0.01, 0.03) && judges(h, "red car", "A red apple", 0.5, 0.5);
    ok = ok && judges(h, "one two three", "two and three", 0.7, 0.9) && judges(h, "", "", 0.01, 0.03);
    RKLLMInferParam text = {.mode = RKLLM_INFER_GENERATE};
    on_callback = NULL;
    input.prompt_input = "<Query>: a\n<Document>: b";
    return ok && !run_with(h, &input, &text) && said("[no][]F") && !api.destroy(h);
}

static bool reuse(void)                 // a row for each prompt token, also for those in the cache; wrong ones with the fault
{
    int first = 0, second = 0;
    LLMHandle h = open_text(RERANKER);
    bool ok = judges(h, "red car", "A red car", 0.97, 0.99) && is(sscanf(seen->text, "L10000x%d", &first) == 1, "rows");
    ok = ok && judges(h, "red car", "A red bus", 0.5, 0.5) && is(sscanf(seen->text, "L10000x%d", &second) == 1, "rows with reuse");
    set("FAULT", "stale_logits");
    return ok && is(first == second, "as many rows with reuse") && judges(h, "red car", "The red car", 0.01, 0.03) && !api.destroy(h);
}

static bool no_finish(void)             // in all modes, or only where the result is data
{
    LLMHandle h = open_demo();
    set("FAULT", "no_finish:data");
    bool ok = !logits_of(h, "!count 1") && is(!seen->finishes && seen->calls == 2, "no FINISH");
    on_callback = NULL;
    ok = ok && !run(h, "!count 1") && said("[ 1][]F");
    set("FAULT", "no_finish");
    return ok && !run(h, "!count 1") && said("[ 1][]") && !api.destroy(h);
}

static long resident_mb(void)
{
    long total, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%ld %ld", &total, &pages) != 2)
        pages = 0;
    if (f)
        fclose(f);
    return pages * sysconf(_SC_PAGESIZE) / (1 << 20);
}

static bool memory(void)                // about 60 MB per run: 100 tokens, 150000 logits of 4 bytes each
{
    char prompt[101];
    memset(prompt, 'x', 100);
    prompt[100] = 0;
    LLMHandle h = open_text("RKSIMULATOR1\n{\"vocab\": 150000, \"template\": \"none\", \"script\": [{\"emit\": \"\"}]}");
    bool ok = !logits_of(h, "x");
    long before = resident_mb();
    for (answer = SIM_ABI >= 10300 ? 2 : 0; ok && answer >= 0; answer -= 2)
        for (int i = 0; i < 2; i++)
            ok = ok && !logits_of(h, prompt) &&
                 is((resident_mb() - before > 50) == (SIM_ABI >= 10300 && !answer), "memory that the library keeps");
    answer = 0;
    before = resident_mb();
    return ok && !api.destroy(h) && is(SIM_ABI < 10300 || before - resident_mb() > 50, "destroy frees it");
}
#endif

#if SIM_ABI >= 10201
static int pause_second(RKLLMResult *r, LLMCallState state)
{
    (void)r;
    (void)state;
    return seen->calls == 2;
}

static bool pause_and_resume(void)
{
    LLMHandle h = open_demo();
    bool ok = !logits_of(h, "x");
    on_callback = pause_second;
    input.prompt_input = "!count 3";
    ok = ok && !run_with(h, &input, &infer) && is(seen->calls == 2 && !seen->finishes, "paused");
    on_callback = NULL;
    return ok && !run_with(h, &input, &infer) && said("L4096x1L4096x1F") && !api.destroy(h);
}
#endif

static const Check checks[] = {
#if SIM_ABI >= 10200
    {"logits: rows", rows, PASS},
    {"logits: max_new_tokens 1", one_token, PASS},
    {"logits: rerank prompts", rerank, PASS},
    {"logits: reuse of the cache", reuse, PASS},
    {"logits: no_finish", no_finish, PASS},
#endif
#if SIM_ABI >= 10201
    {"logits: return 1 pauses, the next run resumes", pause_and_resume, PASS},
#endif
    {0},
};

void logits_checks(void)
{
    run_checks(checks);
#if SIM_ABI >= 10200
    if (!clean)                         // a sanitizer keeps freed memory
        check("logits: memory", memory, PASS);
#endif
}
