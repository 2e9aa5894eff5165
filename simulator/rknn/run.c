// run.c - the input, the run and the outputs of an encoder. Checks the order of the calls and all sizes.
#include "rknn/run.h"
#include "base/clock.h"
#include "base/faults.h"
#include "base/memory.h"
#include "base/violation.h"
#include "node/npu.h"
#include "rknn/pixels.h"
#include "rknn/rknn_log.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// If the condition is false, reports a violation and returns the code from the calling function.
#define CHECK(condition, code, ...) \
    do { \
        if (violation_mode() != VIOLATION_UNCHECKED && !(condition)) { \
            violation(__VA_ARGS__); \
            return code; \
        } \
    } while (0)

static const float means[3][3] = {{.5f, .5f, .5f}, {.48145466f, .4578275f, .40821073f}, {.485f, .456f, .406f}};
static const float deviations[3][3] = {{.5f, .5f, .5f}, {.26862954f, .26130258f, .27577711f}, {.229f, .224f, .225f}};

// Turns normalised floats into the pixels that they came from.
static void denormalize(const EncoderFile *e, const float *values, unsigned char *rgb)
{
    const float *mean = means[e->normalize - 1], *deviation = deviations[e->normalize - 1];
    size_t pixels = (size_t)e->px * (size_t)e->px;
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < 3; k++) {
            float v = (values[e->planar ? k * pixels + i : i * 3 + k] * deviation[k] + mean[k]) * 255;
            rgb[i * 3 + k] = (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : lroundf(v));
        }
}

int call_inputs_set(Context *c, uint32_t count, const rknn_input *inputs)
{
    const EncoderFile *e = &c->file;
    bool pixels = e->normalize == NORMALIZE_BAKED;
    uint32_t values = (uint32_t)(e->px * e->px * 3), wanted = pixels ? values : values * 4;
    CHECK(count == 1, RKNN_ERR_INPUT_INVALID, "rknn_inputs_set: %u inputs, the model has 1", count);
    CHECK(readable(inputs, sizeof *inputs), RKNN_ERR_INPUT_INVALID, "rknn_inputs_set: inputs are not readable");
    CHECK(!inputs->index && !inputs->pass_through, RKNN_ERR_INPUT_INVALID, "rknn_inputs_set: index %u, pass_through %u",
          inputs->index, inputs->pass_through);
    CHECK(inputs->type == (pixels ? RKNN_TENSOR_UINT8 : RKNN_TENSOR_FLOAT32), RKNN_ERR_INPUT_INVALID,
          "rknn_inputs_set: type %u", (unsigned)inputs->type);
    CHECK(inputs->fmt == (pixels || !e->planar ? RKNN_TENSOR_NHWC : RKNN_TENSOR_NCHW), RKNN_ERR_INPUT_INVALID,
          "rknn_inputs_set: fmt %u", (unsigned)inputs->fmt);
    CHECK(inputs->size == wanted, RKNN_ERR_INPUT_INVALID, "rknn_inputs_set: size %u, not %u", inputs->size, wanted);
    CHECK(readable(inputs->buf, wanted), RKNN_ERR_INPUT_INVALID, "rknn_inputs_set: buf is not readable");
    if (pixels)
        memcpy(c->rgb, inputs->buf, wanted);
    else
        denormalize(e, inputs->buf, c->rgb);
    c->step = STEP_INPUT_SET;
    return RKNN_SUCC;
}

int call_run(Context *c)
{
    FaultSet f;
    int npu;
    long long begin = now_us();
    CHECK(c->step != STEP_LOADED, RKNN_ERR_FAIL, "rknn_run without rknn_inputs_set");
    CHECK(!context_held(c), RKNN_ERR_FAIL, "rknn_run with %d outputs that were not released", context_held(c));
    faults_draw(CLASS_RKNN_RUN, c->file.fault, &f);
    while (faulty(&f, FAULT_rknn_hang))
        pause();
    if (faulty(&f, FAULT_rknn_segv))
        crash();
    if (!npu_try_enter(&npu)) {
        rknn_log('E', "failed to submit!, op id: 0, op name: , flags: 0x5, task start: 0, task number: 1, run task counter: 0");
        return RKNN_ERR_FAIL;
    }
    if (clock_speed() > 0)
        sleep_ms(c->file.ms / clock_speed());
    npu_leave(npu);
    c->run_us = now_us() - begin;
    if (faulty(&f, FAULT_rknn_run))
        return (int)fault_number(&f, FAULT_rknn_run, RKNN_ERR_FAIL);
    c->step = STEP_RAN;
    return RKNN_SUCC;
}

static int fill_output(Context *c, rknn_output *o)
{
    const EncoderFile *e = &c->file;
    uint32_t bytes = (uint32_t)(e->tokens * e->embed) * 4;
    CHECK(o->index < (uint32_t)e->outputs, RKNN_ERR_OUTPUT_INVALID, "rknn_outputs_get: index %u of %d", o->index, e->outputs);
    CHECK(o->want_float == 1, RKNN_ERR_OUTPUT_INVALID, "rknn_outputs_get: want_float is %u", o->want_float);
    CHECK(o->is_prealloc < 2, RKNN_ERR_OUTPUT_INVALID, "rknn_outputs_get: is_prealloc is %u", o->is_prealloc);
    CHECK(!o->is_prealloc || (o->size >= bytes && readable(o->buf, bytes)), RKNN_ERR_OUTPUT_INVALID,
          "rknn_outputs_get: the buffer has %u of %u bytes", o->size, bytes);
    CHECK(!c->held[o->index], RKNN_ERR_OUTPUT_INVALID, "rknn_outputs_get: output %u was not released", o->index);
    if (!o->is_prealloc) {
        o->buf = c->held[o->index] = malloc(bytes);
        c->held_len[o->index] = bytes;
        if (!o->buf)
            abort();
    }
    o->size = bytes;
    pixels_embed(c->rgb, e->px, e->tokens, e->embed, e->outputs, (int)o->index, o->buf);
    return RKNN_SUCC;
}

int call_outputs_get(Context *c, uint32_t count, rknn_output *outputs)
{
    FaultSet f;
    int ret = RKNN_SUCC;
    CHECK(c->step == STEP_RAN, RKNN_ERR_FAIL, "rknn_outputs_get without a successful rknn_run");
    CHECK(count && count <= (uint32_t)c->file.outputs, RKNN_ERR_OUTPUT_INVALID, "rknn_outputs_get: %u outputs, the model has %d",
          count, c->file.outputs);
    CHECK(readable(outputs, count * sizeof *outputs), RKNN_ERR_OUTPUT_INVALID, "rknn_outputs_get: outputs are not readable");
    faults_draw(CLASS_RKNN_OUTPUTS, c->file.fault, &f);
    if (faulty(&f, FAULT_rknn_outputs))
        return (int)fault_number(&f, FAULT_rknn_outputs, RKNN_ERR_OUTPUT_INVALID);
    for (uint32_t i = 0; i < count && !ret; i++)
        ret = fill_output(c, &outputs[i]);
    return ret;
}

int call_outputs_release(Context *c, uint32_t count, rknn_output *outputs)
{
    CHECK(readable(outputs, count * sizeof *outputs), RKNN_ERR_OUTPUT_INVALID, "rknn_outputs_release: outputs are not readable");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = outputs[i].index;
        CHECK(index < (uint32_t)c->file.outputs, RKNN_ERR_OUTPUT_INVALID, "rknn_outputs_release: index %u", index);
        if (outputs[i].is_prealloc)
            continue;
        CHECK(c->held[index] && c->held[index] == outputs[i].buf, RKNN_ERR_OUTPUT_INVALID,
              "rknn_outputs_release: output %u is not held", index);
        context_release(c, (int)index);
    }
    return RKNN_SUCC;
}
