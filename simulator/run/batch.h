// batch.h - runs with n_batch > 1: all rows of a call generate in parallel, without pause, prefix reuse or split characters.
#pragma once
#include "run/run_state.h"

int run_batch(Run *r, const RKLLMInput *input, const RKLLMInferParam *infer);
