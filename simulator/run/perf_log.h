// perf_log.h - logs the vendor's table of times if RKLLM_LOG_LEVEL is at least 1.
#pragma once
#include "run/run_state.h"

void log_perf(const Run *r);
