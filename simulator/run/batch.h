// batch.h - n_batch > 1: rows of one call, side by side. No pause, no prefix reuse, no split characters.
#pragma once
#include "run/run_state.h"

int run_batch(Run *r, const RKLLMInput *input, const RKLLMInferParam *infer);
