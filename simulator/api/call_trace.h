// call_trace.h - writes the arguments of rkllm_init and rkllm_run to the trace, decoded and raw.
#pragma once
#include "abi/fields.h"
#include "handle/handle.h"

void trace_init(const RKLLMParam *p, InitCallback third);
void trace_run(const char *call, const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer,
               const void *userdata);
