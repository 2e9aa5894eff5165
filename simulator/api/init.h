// init.h - rkllm_init, once its arguments are checked.
#pragma once
#include "abi/fields.h"

int init_handle(LLMHandle *out, const RKLLMParam *p, const Callbacks *callbacks);     // 0, or -1 and log lines
