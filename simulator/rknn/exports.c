// exports.c - the eight functions of librknnrt.so that hosts use here. Each checks the context, traces the call, then executes it.
#include "base/export.h"
#include "base/settings.h"
#include "base/trace.h"
#include "base/violation.h"
#include "rknn/abi.h"
#include "rknn/context.h"
#include "rknn/init.h"
#include "rknn/query.h"
#include "rknn/run.h"
#include <string.h>

typedef struct rknn_init_extend rknn_init_extend;       // hosts pass NULL for these
typedef struct rknn_run_extend rknn_run_extend;
typedef struct rknn_output_extend rknn_output_extend;

static int traced(const char *call, const Context *c, int ret)
{
    if (!trace_on())
        return ret;
    Buf b = {0};
    trace_begin(&b, call);
    trace_int(&b, "ret", ret);
    trace_int(&b, "contexts", contexts_alive());
    trace_int(&b, "held", c ? context_held(c) : 0);
    trace_end(&b);
    return ret;
}

static Context *context_known(rknn_context id, const char *call)
{
    Context *c = context_find(id);
    if (!c)
        violation("%s: context %llx was never returned by rknn_init or was destroyed", call, (unsigned long long)id);
    return c;
}

EXPORT int rknn_init(rknn_context *context, void *model, uint32_t size, uint32_t flag, rknn_init_extend *extend)
{
    if (extend)
        violation("rknn_init: extend is not NULL");
    int ret = call_init(context, model, size, flag);
    if (trace_on()) {
        Buf b = {0};
        trace_begin(&b, __func__);
        trace_text(&b, "model", size ? NULL : model);
        trace_int(&b, "flag", flag);
        trace_int(&b, "ret", ret);
        trace_end(&b);
    }
    return ret;
}

EXPORT int rknn_query(rknn_context context, rknn_query_cmd cmd, void *info, uint32_t size)
{
    Context *c = context_known(context, __func__);
    return c ? call_query(c, cmd, info, size) : RKNN_ERR_CTX_INVALID;
}

// Only platforms whose NPU has several cores accept a mask.
EXPORT int rknn_set_core_mask(rknn_context context, rknn_core_mask mask)
{
    Context *c = context_known(context, __func__);
    const char *platform = setting(SETTING_PLATFORM, "RK3588");
    unsigned cores = !strcmp(platform, "RK3588") ? 7 : !strcmp(platform, "RK3576") ? 3 : 0;
    if (!c)
        return RKNN_ERR_CTX_INVALID;
    bool ok = cores && (mask == RKNN_NPU_CORE_ALL || (!(mask & ~cores) && mask != 5 && mask != 6));
    return traced(__func__, c, ok ? RKNN_SUCC : RKNN_ERR_PARAM_INVALID);
}

EXPORT int rknn_inputs_set(rknn_context context, uint32_t n_inputs, rknn_input inputs[])
{
    Context *c = context_known(context, __func__);
    return c ? traced(__func__, c, call_inputs_set(c, n_inputs, inputs)) : RKNN_ERR_CTX_INVALID;
}

EXPORT int rknn_run(rknn_context context, rknn_run_extend *extend)
{
    Context *c = context_known(context, __func__);
    if (extend)
        violation("rknn_run: extend is not NULL");
    return c ? traced(__func__, c, call_run(c)) : RKNN_ERR_CTX_INVALID;
}

EXPORT int rknn_outputs_get(rknn_context context, uint32_t n_outputs, rknn_output outputs[], rknn_output_extend *extend)
{
    Context *c = context_known(context, __func__);
    if (extend)
        violation("rknn_outputs_get: extend is not NULL");
    return c ? traced(__func__, c, call_outputs_get(c, n_outputs, outputs)) : RKNN_ERR_CTX_INVALID;
}

EXPORT int rknn_outputs_release(rknn_context context, uint32_t n_outputs, rknn_output outputs[])
{
    Context *c = context_known(context, __func__);
    return c ? traced(__func__, c, call_outputs_release(c, n_outputs, outputs)) : RKNN_ERR_CTX_INVALID;
}

EXPORT int rknn_destroy(rknn_context context)
{
    Context *c = context_known(context, __func__);
    if (!c)
        return RKNN_ERR_CTX_INVALID;
    if (context_held(c) && violation_mode() != VIOLATION_UNCHECKED)
        violation("rknn_destroy with %d outputs that were not released", context_held(c));
    context_free(c);
    return traced(__func__, NULL, RKNN_SUCC);
}
