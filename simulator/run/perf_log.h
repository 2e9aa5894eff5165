// perf_log.h - the vendor's table of times, with RKLLM_LOG_LEVEL 1 and more.
#pragma once
#include "run/run_state.h"

void log_perf(const Run *r);
