// abi_checks.h - checks of what the host passes in, which a real board does not do. False: reported as a violation.
// With the setting ABI=real nothing is checked: garbage is used as it is and crashes where the vendor's library would.
#pragma once
#include "abi/fields.h"
#include "handle/handle.h"

bool check_handle(const void *h, const char *call);
bool check_init(const void *out, const RKLLMParam *p, InitCallback third);
bool check_run(const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer);
bool check_text(const char *text, const char *what);
