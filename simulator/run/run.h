// run.h - rkllm_run and rkllm_run_async. Callbacks run on the calling thread, or on the handle's thread for an async run.
#pragma once
#include "handle/handle.h"

int run_start(Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer, void *userdata, bool async);
