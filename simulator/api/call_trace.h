// call_trace.h - what the host passed to rkllm_init and rkllm_run, decoded and raw, in the trace.
#pragma once
#include "abi/fields.h"
#include "handle/handle.h"

void trace_init(const RKLLMParam *p, InitCallback third);
void trace_run(const char *call, const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer,
               const void *userdata);
