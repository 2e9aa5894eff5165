// settings.h - the simulator's environment variables, RKLLM_SIMULATOR_<NAME>.
#pragma once
#include <stdbool.h>

#define SETTINGS(S) \
    S(SPEED) S(TRACE) S(FAULT) S(FAULT_STATE) S(ABI) S(RACE) S(UTF8) S(VERSION) S(DRIVER) S(PLATFORM) S(DEFAULTS) \
    S(PADDING) S(SKIP_SPECIAL) S(NODE) S(OVERLAP) S(MEMORY) S(OOM) S(RKNN_VERSION)

typedef enum {
#define S(name) SETTING_##name,
    SETTINGS(S)
#undef S
} Setting;

const char *setting(Setting setting, const char *otherwise);    // returns otherwise if the variable is unset or empty
bool setting_is(Setting setting, const char *value);
