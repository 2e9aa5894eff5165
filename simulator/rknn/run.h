// run.h - the work of the functions of a run, after the check of their context.
#pragma once
#include "rknn/context.h"

int call_inputs_set(Context *c, uint32_t count, const rknn_input *inputs);
int call_run(Context *c);
int call_outputs_get(Context *c, uint32_t count, rknn_output *outputs);
int call_outputs_release(Context *c, uint32_t count, rknn_output *outputs);
