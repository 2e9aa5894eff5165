// settings.c - reads the environment at every call, because a host may change it between calls.
#include "base/settings.h"
#include <stdlib.h>
#include <string.h>

// The second name is that of earlier versions. It is used only if the first one is unset.
static const struct { const char *name, *former; } variables[] = {
#define S(name) {"RKLLM_SIMULATOR_" #name, "RKLLM_STANDIN_" #name},
    SETTINGS(S)
#undef S
};

const char *setting(Setting setting, const char *otherwise)
{
    const char *value = getenv(variables[setting].name);
    if (!value)
        value = getenv(variables[setting].former);
    return value && *value ? value : otherwise;
}

bool setting_is(Setting which, const char *value) { return !strcmp(setting(which, ""), value); }
