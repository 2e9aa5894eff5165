// generate.h - prefill and decode of one run, including its last callback.
#pragma once
#include "run/run_state.h"

void generate(Run *r);
