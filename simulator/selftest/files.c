// files.c - tests of files and settings: model files, adapters, the log, the trace.
#define _GNU_SOURCE
#include "selftest/harness.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static RKLLMInput input;
static RKLLMInferParam infer;

static bool lora(void)
{
    LLMHandle h = open_demo();
    RKLLMLoraAdapter missing = {"/nonexistent", "a", 1}, present = {demo, "a", 1};
    RKLLMLoraParam named = {"a"};
    infer.lora_params = &named;
    input.prompt_input = "!echo x";
    bool ok = api.load_lora(h, &missing) == -1 && is(run_with(h, &input, &infer) == -1, "adapter not loaded");
    return ok && !api.load_lora(h, &present) && !run_with(h, &input, &infer) && said("[x][]F") && !api.destroy(h);
}

static bool first_line(void)            // of a model file: the current magic line, the former one, another one
{
    LLMHandle present = open_text("RKSIMULATOR1\n{}"), former = open_text("RKSTAND1\n{}");
    bool ok = present && former && is(!open_text("RKSIMULATOR2\n{}"), "another magic");
    return ok && !open_text("RKSIMULATOR1") && !open_text("") && !run(former, "!echo hi") && said("[hi][]F") &&
        !api.destroy(present) && !api.destroy(former);
}

static bool former_names(void)          // of the settings; the current name has priority
{
    setenv("RKLLM_STANDIN_UTF8", "B", 1);
    LLMHandle h = open_demo();
    bool ok = !run(h, "!emoji 1") && said("w<f09f>w<98><80>[]F");
    set("UTF8", "C");
    return ok && !run(h, "!emoji 1") && said("w<f09f>w<98><f09f9880>[]F") && !api.destroy(h);
}

static bool log_lines(void)
{
    LLMHandle h = open_demo();
    bool ok = logged("I rkllm: rkllm-runtime version: ") && logged(", rknpu driver version: 0.9.8, platform: RK3588\n");
    if (SIM_ABI >= 10200)
        ok = ok && logged("I rkllm: loading rkllm model from ") && logged("I rkllm: Enabled cpus: [4, 5, 6, 7]\n") &&
             logged("max_context_limit: 4096, npu_core_num: 3, target_platform: RK3588");
    if (SIM_ABI >= 10201)
        ok = ok && logged(", model_dtype: W8A8\n");
    setenv("RKLLM_LOG_LEVEL", "1", 1);
    return ok && !run(h, "!count 2") && logged("Tokens per Second") && !api.destroy(h);
}

static bool trace(void)
{
    char path[300], line[100000] = "";
    snprintf(path, sizeof path, "%s/trace", scratch);
    remove(path);
    set("TRACE", path);
    LLMHandle h = open_demo();
    bool ok = !run(h, "!count 2") && !api.destroy(h);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(line, 1, sizeof line - 1, f) : 0;
    line[n] = 0;
    if (f)
        fclose(f);
    return ok && is(strstr(line, "\"call\":\"rkllm_init\"") && strstr(line, "\"param_raw\":\""), "init in the trace") &&
        is(strstr(line, "\"ids\":[") && strstr(line, "\"call\":\"rkllm_destroy\""), "run and destroy in the trace");
}

static bool own_ids(void)               // of pieces: in replies, in token input, with and without skip_special_token
{
    const char *model = "RKSIMULATOR1\n{\"pieces\": [{\"text\": \"[CALL]\", \"id\": 5, \"special\": true}, {\"text\": \" you\", \"id\": 9000}, \"x y\"],"
                        "\"script\": [{\"match\": \"ids\", \"emit_tokens\": [5, 9000, 258, 65]}, {\"emit\": \"a [CALL]b you\"}]}";
    LLMHandle h = open_text(model);
    bool ok = h && !run(h, "text") && said("[a][ ][][b][ you][]F") && !run(h, "ids") && said("[][ you][x y][A][]F");
    char literal[500];
    snprintf(literal, sizeof literal, "RKSIMULATOR1\n{\"skips_special\": false,%s", strchr(model, '{') + 1);
    LLMHandle whole = open_text(literal);
    int32_t ids[] = {'i', 'd', 's', 9000};
    input.input_type = RKLLM_INPUT_TOKEN;
    input.token_input.input_ids = ids;
    input.token_input.n_tokens = 4;
    ok = ok && whole && !run_with(whole, &input, &infer) && said("[[CALL]][ you][x y][A][<|im_end|>]F");
    return ok && !api.destroy(h) && !api.destroy(whole);
}

static const Check checks[] = {
    {"lora adapters", lora, PASS},
    {"log lines", log_lines, PASS},
    {"trace", trace, PASS},
    {"pieces with ids of their own, special tokens", own_ids, PASS},
    {"first line of a model file", first_line, PASS},
    {"former names of the settings", former_names, PASS},
    {0},
};

void file_checks(void) { run_checks(checks); }
