// prompt.h - from a request to the final prompt text, its tokens, and the reply that it will get.
#pragma once
#include "run/run_state.h"

int prompt_prepare(Run *r);             // -1: the run is refused, and the reason is logged
