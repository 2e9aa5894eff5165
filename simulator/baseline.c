// baseline.c - measures the minimal cost of a host: calls the library directly, counts the tokens and discards them.
// baseline LIBRARY MODEL PROMPT RUNS prints one line per run: time to first token, time of the run and CPU time, each in
// microseconds, then the number of tokens. The library must belong to the ABI group that this program is compiled for.
#include "abi/abi.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long first_us, tokens;

static long now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static int callback(RKLLMResult *result, void *userdata, LLMCallState state)
{
    (void)userdata;
    if (state != RKLLM_RUN_NORMAL || !result)
        return 0;
    if (!tokens++)
        first_us = now(CLOCK_MONOTONIC);
    return 0;
}

int main(int argc, char **argv)
{
    void *library = argc == 5 ? dlopen(argv[1], RTLD_NOW) : NULL;
    if (!library) {
        fprintf(stderr, "usage: baseline LIBRARY MODEL PROMPT RUNS\n");
        return 2;
    }
    RKLLMParam (*defaults)(void) = (RKLLMParam (*)(void))dlsym(library, "rkllm_createDefaultParam");
    int (*init)(LLMHandle *, RKLLMParam *, LLMResultCallback) = (int (*)(LLMHandle *, RKLLMParam *, LLMResultCallback))dlsym(library, "rkllm_init");
    int (*run)(LLMHandle, RKLLMInput *, RKLLMInferParam *, void *) =
        (int (*)(LLMHandle, RKLLMInput *, RKLLMInferParam *, void *))dlsym(library, "rkllm_run");
    int (*clear)(LLMHandle, int, int *, int *) = (int (*)(LLMHandle, int, int *, int *))dlsym(library, "rkllm_clear_kv_cache");
    RKLLMParam param = defaults();
    param.model_path = argv[2];
    param.max_context_len = 16384;
    param.max_new_tokens = 16000;
    param.skip_special_token = true;
    LLMHandle handle = NULL;
    if (init(&handle, &param, callback))
        return 1;

    RKLLMInput input;
    RKLLMInferParam infer;
    memset(&input, 0, sizeof input);
    memset(&infer, 0, sizeof infer);
    input.prompt_input = argv[3];
    for (int i = 0, runs = atoi(argv[4]); i < runs; i++) {
        tokens = 0;
        clear(handle, 0, NULL, NULL);
        long start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        if (run(handle, &input, &infer, NULL))
            return 1;
        printf("baseline %ld %ld %ld %ld\n", first_us - start, now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID) - cpu, tokens);
    }
    fflush(stdout);
    _Exit(0);
}
