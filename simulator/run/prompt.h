// prompt.h - prepares a run: the final prompt text, its tokens, and the reply.
#pragma once
#include "run/run_state.h"

int prompt_prepare(Run *r);             // if the run is refused, logs the reason and returns -1
