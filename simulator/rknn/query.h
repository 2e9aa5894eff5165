// query.h - the work of rknn_query, after the check of the context.
#pragma once
#include "rknn/context.h"

int call_query(Context *c, rknn_query_cmd cmd, void *info, uint32_t size);
