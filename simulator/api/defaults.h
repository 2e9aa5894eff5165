// defaults.h - what rkllm_createDefaultParam returns.
#pragma once
#include "abi/abi.h"

RKLLMParam default_param(void);
