// query.c - rknn_query.
#include "rknn/query.h"
#include "base/memory.h"
#include "base/settings.h"
#include "base/violation.h"
#include "rknn/version.h"
#include <stdio.h>
#include <string.h>

static void describe(rknn_tensor_attr *a, const uint32_t *dims, uint32_t n_dims, rknn_tensor_format fmt)
{
    a->n_dims = n_dims;
    a->n_elems = 1;
    for (uint32_t i = 0; i < n_dims; i++)
        a->n_elems *= a->dims[i] = dims[i];
    a->size = a->size_with_stride = a->n_elems * 2;
    a->fmt = fmt;
    a->type = RKNN_TENSOR_FLOAT16;
    a->qnt_type = RKNN_TENSOR_QNT_AFFINE_ASYMMETRIC;
    a->scale = 1;
}

static int input_attr(const EncoderFile *e, rknn_tensor_attr *a)
{
    uint32_t px = (uint32_t)e->px, nhwc[] = {1, px, px, 3}, nchw[] = {1, 3, px, px};
    if (a->index)
        return RKNN_ERR_PARAM_INVALID;
    memset(a, 0, sizeof *a);
    strcpy(a->name, "pixel");
    describe(a, e->planar ? nchw : nhwc, 4, e->planar ? RKNN_TENSOR_NCHW : RKNN_TENSOR_NHWC);
    a->w_stride = px;
    return RKNN_SUCC;
}

static int output_attr(const EncoderFile *e, rknn_tensor_attr *a)
{
    uint32_t index = a->index, dims[] = {1, (uint32_t)e->tokens, (uint32_t)e->embed};
    if (index >= (uint32_t)e->outputs)
        return RKNN_ERR_PARAM_INVALID;
    memset(a, 0, sizeof *a);
    a->index = index;
    snprintf(a->name, sizeof a->name, "vision_features_%u", index);
    describe(a, e->leading_one ? dims : dims + 1, e->leading_one ? 3 : 2, RKNN_TENSOR_UNDEFINED);
    return RKNN_SUCC;
}

static size_t size_of(rknn_query_cmd cmd)
{
    switch (cmd) {
    case RKNN_QUERY_IN_OUT_NUM: return sizeof(rknn_input_output_num);
    case RKNN_QUERY_INPUT_ATTR: case RKNN_QUERY_OUTPUT_ATTR: return sizeof(rknn_tensor_attr);
    case RKNN_QUERY_PERF_RUN: return sizeof(rknn_perf_run);
    case RKNN_QUERY_SDK_VERSION: return sizeof(rknn_sdk_version);
    default: return 0;                  // not simulated
    }
}

int call_query(Context *c, rknn_query_cmd cmd, void *info, uint32_t size)
{
    size_t wanted = size_of(cmd);
    if (violation_mode() != VIOLATION_UNCHECKED && (!wanted || size != wanted || !readable(info, size))) {
        violation("rknn_query: cmd %u, size %u, not %zu", (unsigned)cmd, size, wanted);
        return RKNN_ERR_PARAM_INVALID;
    }
    switch (cmd) {
    case RKNN_QUERY_IN_OUT_NUM:
        *(rknn_input_output_num *)info = (rknn_input_output_num){1, (uint32_t)c->file.outputs};
        return RKNN_SUCC;
    case RKNN_QUERY_INPUT_ATTR:
        return input_attr(&c->file, info);
    case RKNN_QUERY_OUTPUT_ATTR:
        return output_attr(&c->file, info);
    case RKNN_QUERY_PERF_RUN:
        ((rknn_perf_run *)info)->run_duration = c->run_us;
        return RKNN_SUCC;
    case RKNN_QUERY_SDK_VERSION:
        memset(info, 0, size);
        snprintf(((rknn_sdk_version *)info)->api_version, 256, "%s (simulator@2025-01-01T00:00:00)", rknn_version());
        snprintf(((rknn_sdk_version *)info)->drv_version, 256, "%s", setting(SETTING_DRIVER, "0.9.8"));
        return RKNN_SUCC;
    default:
        return RKNN_ERR_PARAM_INVALID;
    }
}
