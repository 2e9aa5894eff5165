// behaviour_since_1_2.c - tests of functions that 1.2.0, 1.2.1 and 1.3.0 added.
#define _GNU_SOURCE
#include "selftest/harness.h"
#include <stdio.h>
#include <string.h>

#if SIM_ABI >= 10200
static RKLLMInput input;
static RKLLMInferParam infer;

static bool template(void)
{
    LLMHandle h = open_demo();
    bool ok = !run(h, "!prompt") && is(strstr(seen->text, "[<][|][i][m][_]") == seen->text, "ChatML in single bytes");
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
#endif

#if SIM_ABI >= 10201
static int pause_second(RKLLMResult *r, LLMCallState s)
{
    (void)r;
    (void)s;
    return seen->calls == 2;
}

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
    bool ok = !run(h, "!count 4") && api.clear(h, 0, &from, &to) == -1;
    ok = ok && logged("E rkllm: start_pos and end_pos are only valid");
    on_callback = pause_second;
    ok = ok && !run(h, "!count 4") && !api.kv_size(h, &before) && !api.clear(h, 0, &from, &to) && !api.kv_size(h, &after);
    return ok && is(after == before - 2, "two tokens less") && !api.destroy(h);
}

static bool kv_and_perf(void)
{
    LLMHandle h = open_demo();
    int size, prompt;
    bool ok = !run(h, "!count 7") && !api.kv_size(h, &size);
    prompt = seen->prefill_tokens;
    ok = ok && is(prompt > 0 && size == prompt + 7, "prompt + generated");
    ok = ok && is(seen->generate_tokens == 6, "generate_tokens");
    ok = ok && !run(h, "!count 7") && is(seen->prefill_tokens == 0, "whole prompt reused");
    ok = ok && !run(h, "!count 8") && is(seen->prefill_tokens > 0 && seen->prefill_tokens < prompt, "prefix reused");
    return ok && !api.clear(h, 0, NULL, NULL) && !run(h, "!count 8") && is(seen->prefill_tokens == prompt, "cleared")
        && !api.destroy(h);
}

static bool tools_and_thinking(void)
{
    LLMHandle h = open_demo();
    bool ok = api.set_tools(h, "", "{not json", "x") == -1;
    ok = ok && !api.set_tools(h, "", "[{\"name\":\"f\"}]", "tool_response");
    ok = ok && !run(h, "!tool f {\"a\": 1}") && is(strstr(seen->text, "[<tool_call>]") == seen->text, "tool call");
    input.role = "tool";
    input.prompt_input = "not json";
    ok = ok && is(run_with(h, &input, &infer) == -1, "tool role wants JSON");
    input.prompt_input = "[{\"r\": 1}]";
    ok = ok && !run_with(h, &input, &infer);
    input.role = "user";
    input.enable_thinking = true;
    input.prompt_input = "!echo hi";
    ok = ok && !run_with(h, &input, &infer) && is(strstr(seen->text, "[<think>]") == seen->text, "thinking");
    return ok && !api.destroy(h);
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

#if SIM_ABI >= 10300
static int tokenize(void *u, const char *text, int32_t len, int32_t *tokens, int32_t max)
{
    (void)u;
    (void)text;
    for (int i = 0; i < len && i < max; i++)
        tokens[i] = 300 + i;
    return len;
}

static int embed(void *u, int32_t *tokens, uint64_t count, void *out, uint64_t len)
{
    (void)u;
    (void)tokens;
    (void)count;
    memset(out, 0, len);
    return 0;
}

static bool limit_of_run(void)
{
    RKLLMParam p = defaults();
    p.max_new_tokens = 3;
    LLMHandle h = open_with(p);
    infer.max_new_tokens = 2;
    input.prompt_input = "!count 9";
    bool ok = !run_with(h, &input, &infer) && said("[ 1][ 2]F");
    infer.max_new_tokens = 0;
    return ok && !run_with(h, &input, &infer) && said("[ 1][ 2][ 3]F") && !api.destroy(h);
}

static bool result_userdata(void)
{
    callbacks.result_userdata = &input;
    LLMHandle h = open_demo();
    input.prompt_input = "!echo x";
    return !api.run(h, &input, &infer, NULL) && is(seen->userdata == (void *)&input, "of rkllm_init") &&
        !api.run(h, &input, &infer, &infer) && is(seen->userdata == (void *)&infer, "of the run") && !api.destroy(h);
}

static bool without_tokenizer(void)
{
    const char *bare = "RKSIMULATOR1\n{\"tokenizer\": false, \"embedding\": false}";
    LLMHandle h = open_text(bare);
    bool ok = run(h, "!count 1") == -1 && logged("E rkllm: Tokenizer is unavailable") && !api.destroy(h);
    callbacks.tokenizer_callback = tokenize;
    h = open_text(bare);
    ok = ok && run(h, "!count 1") == -1 && logged("no embedding layer") && !api.destroy(h);
    callbacks.embed_callback = embed;
    h = open_text(bare);
    return ok && !run(h, "!count 1") && said("[][]F") && !api.destroy(h);
}
#endif

static const Check checks[] = {
#if SIM_ABI >= 10200
    {"chat template", template, PASS},
    {"keep_history and clear", history, PASS},
#endif
#if SIM_ABI >= 10201
    {"return 1 pauses, the next run resumes", pause_and_resume, PASS},
    {"clear_kv_cache ranges", ranges, PASS},
    {"KV size, prefix reuse and perf", kv_and_perf, PASS},
    {"tools and thinking", tools_and_thinking, PASS},
    {"batch", batch, PASS},
#endif
#if SIM_ABI >= 10300
    {"max_new_tokens of the run", limit_of_run, PASS},
    {"userdata of the run, else of the callbacks", result_userdata, PASS},
    {"tokenizer and embed callbacks", without_tokenizer, PASS},
#endif
    {0},
};

void behaviour_since_1_2_checks(void) { run_checks(checks); }
