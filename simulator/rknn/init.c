// init.c - rknn_init: the file, its log lines, the memory of the node.
#include "rknn/init.h"
#include "base/clock.h"
#include "base/faults.h"
#include "base/memory.h"
#include "base/settings.h"
#include "base/violation.h"
#include "node/ledger.h"
#include "rknn/context.h"
#include "rknn/rknn_log.h"
#include "rknn/version.h"
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static void log_failed(void)
{
    rknn_log('E', "Import rknn model failed!");
    rknn_log('E', "rknn_init, load model failed!");
}

static int no_room(long long bytes)
{
    rknn_log('E', "failed to malloc npu memory, size: %lld, flags: 0x2", bytes);
    log_failed();
    return RKNN_ERR_MODEL_INVALID;
}

static int injected(const FaultSet *f)
{
    long code = fault_number(f, FAULT_rknn_init, RKNN_ERR_MODEL_INVALID);
    if (code == RKNN_ERR_MODEL_INVALID)
        return no_room(1427746880);
    if (code == RKNN_ERR_DEVICE_UNAVAILABLE)
        rknn_log('E', "failed to open rknpu module, need to insmod rknpu dirver!");
    if (code == RKNN_ERR_TARGET_PLATFORM_UNMATCH)
        rknn_log('E', "The target platform of the model does not match this device!");
    log_failed();
    return (int)code;
}

static bool check(const rknn_context *out, const void *model, uint32_t size, uint32_t flag)
{
    if (violation_mode() == VIOLATION_UNCHECKED)
        return true;
    if (!readable(out, sizeof *out) || (size ? !readable(model, size) : !readable_text(model))) {
        violation("rknn_init: context or model is not readable");
        return false;
    }
    if (flag & ~0xffffu)
        violation("rknn_init: flag is 0x%x", flag);
    return !(flag & ~0xffffu);
}

static int load(const EncoderFile *file, rknn_context *out)
{
    if (strcasecmp(file->platform, setting(SETTING_PLATFORM, "RK3588"))) {
        rknn_log('E', "The target platform %s of the model does not match this device!", file->platform);
        log_failed();
        return RKNN_ERR_TARGET_PLATFORM_UNMATCH;
    }
    long number = ledger_add(0, file->bytes);           // encoders are always in domain 0
    if (number < 0)
        return no_room(file->bytes);
    Context *c = context_new(file);
    c->ledger_number = number;
    *out = (rknn_context)(uintptr_t)c;
    return RKNN_SUCC;
}

int call_init(rknn_context *out, const void *model, uint32_t size, uint32_t flag)
{
    EncoderFile file;
    FaultSet f;
    if (!check(out, model, size, flag))
        return RKNN_ERR_PARAM_INVALID;
    rknn_log('I', "RKNN Runtime Information, librknnrt version: %s (simulator@2025-01-01T00:00:00)", rknn_version());
    rknn_log('I', "RKNN Driver Information, version: %s", setting(SETTING_DRIVER, "0.9.8"));
    EncoderStatus status = size ? ENCODER_FOREIGN : encoder_file_read(&file, model);    // models in memory are not simulated
    faults_draw(CLASS_RKNN_INIT, status == ENCODER_OK ? file.fault : NULL, &f);
    if (faulty(&f, FAULT_rknn_slow))
        sleep_ms((double)fault_number(&f, FAULT_rknn_slow, 1000));
    if (faulty(&f, FAULT_rknn_init))
        return injected(&f);
    if (status != ENCODER_OK) {
        rknn_log('E', status == ENCODER_MISSING ? "open model file failed!" : "invalid rknn model magic!");
        log_failed();
        return status == ENCODER_MISSING ? RKNN_ERR_FAIL : RKNN_ERR_MODEL_INVALID;
    }
    rknn_log('I', "RKNN Model Information, version: 6, toolkit version: %s(simulator), target: RKNPU v2, target platform: %s, "
             "framework name: ONNX, framework layout: NCHW", file.toolkit, file.platform);
    return load(&file, out);
}
