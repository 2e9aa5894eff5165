// init.h - rkllm_init after the checks of its arguments.
#pragma once
#include "abi/fields.h"

int init_handle(LLMHandle *out, const RKLLMParam *p, const Callbacks *callbacks);     // 0; on failure logs it, returns -1
