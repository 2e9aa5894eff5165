// exports_1_0.c - 1.0.1: the names exist so that a host can find and refuse them; calling one is a mistake.
#include "abi/abi.h"
#include "base/message.h"
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

static int refuse(const char *call)
{
    message("ABI", "%s of a 1.0.x runtime was called; a host has to refuse this version", call);
    abort();
}

EXPORT RKLLMParam rkllm_createDefaultParam(void) { return refuse(__func__), (RKLLMParam){0}; }

EXPORT int rkllm_init(LLMHandle *handle, RKLLMParam param, LLMResultCallback callback)
{
    (void)handle, (void)param, (void)callback;
    return refuse(__func__);
}

EXPORT int rkllm_run(LLMHandle handle, const char *prompt, void *userdata)
{
    (void)handle, (void)prompt, (void)userdata;
    return refuse(__func__);
}

EXPORT int rkllm_destroy(LLMHandle handle) { return (void)handle, refuse(__func__); }
EXPORT int rkllm_abort(LLMHandle handle) { return (void)handle, refuse(__func__); }
