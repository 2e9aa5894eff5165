// init_log.h - the log lines of a successful rkllm_init.
#pragma once
#include "abi/abi.h"
#include "model/model.h"

void log_version(const RKLLMParam *p);                      // the first line in every version, before the model is read
void log_loaded(const Model *m, const RKLLMParam *p);
