// init.h - the work of rknn_init.
#pragma once
#include "rknn/abi.h"

int call_init(rknn_context *out, const void *model, uint32_t size, uint32_t flag);
