// abi_checks.h - checks the arguments of the host, which the vendor's library does not do. A check that fails reports a
// violation and returns false. With the setting ABI=real all checks pass: invalid arguments are used and may crash.
#pragma once
#include "abi/fields.h"
#include "handle/handle.h"

bool check_handle(const void *h, const char *call);
bool check_init(const void *out, const RKLLMParam *p, InitCallback third);
bool check_run(const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer);
bool check_text(const char *text, const char *what);
