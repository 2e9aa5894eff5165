// defaults.h - the default parameters, as rkllm_createDefaultParam returns them.
#pragma once
#include "abi/abi.h"

RKLLMParam default_param(void);
