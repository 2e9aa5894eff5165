// init_log.h - what rkllm_init prints when nothing fails.
#pragma once
#include "abi/abi.h"
#include "model/model.h"

void log_version(const RKLLMParam *p);                      // before the model is read: in every version the first line
void log_loaded(const Model *m, const RKLLMParam *p);
