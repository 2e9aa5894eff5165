// exports_1_0.c - the exports of 1.0.1. They exist so that a host can detect and refuse this version. Each call aborts.
#include "abi/abi.h"
#include "base/export.h"
#include "base/message.h"
#include <stdlib.h>

static _Noreturn void refuse(const char *call)
{
    message("ABI", "%s of a 1.0.x runtime was called; a host must refuse this version", call);
    abort();
}

EXPORT RKLLMParam rkllm_createDefaultParam(void) { refuse(__func__); }

EXPORT int rkllm_init(LLMHandle *handle, RKLLMParam param, LLMResultCallback callback)
{
    (void)handle;
    (void)param;
    (void)callback;
    refuse(__func__);
}

EXPORT int rkllm_run(LLMHandle handle, const char *prompt, void *userdata)
{
    (void)handle;
    (void)prompt;
    (void)userdata;
    refuse(__func__);
}

EXPORT int rkllm_destroy(LLMHandle handle)
{
    (void)handle;
    refuse(__func__);
}

EXPORT int rkllm_abort(LLMHandle handle)
{
    (void)handle;
    refuse(__func__);
}
