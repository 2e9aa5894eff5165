// generate.h - prefill and decode of one run, up to its last callback.
#pragma once
#include "run/run_state.h"

void generate(Run *r);
