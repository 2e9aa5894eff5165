// version.c - the only file that is compiled differently for the variants of one ABI group.
#include "base/version.h"

const char built_version[] = SIM_VERSION;

#ifdef SIM_MARKER
__attribute__((used)) static const char marker[] =
    "RKLLM SDK (version: " SIM_VERSION " | target: Linux | build: simulator 2025-01-01 00:00:00)";
#endif
// Real files also contain the version of an inner library. A host must not use it as the version of the runtime.
__attribute__((used)) static const char decoy[] = "rknn llm lib version: 2.3.3b0";

#ifdef SIM_EXTRAS                     // exports of real libraries that no header declares; a host must ignore them
#define EXTRA(name) \
    __attribute__((visibility("default"))) int name(void *handle); \
    int name(void *handle) { return handle ? 0 : -1; }
EXTRA(rkllm_accuracy_analysis)
EXTRA(rkllm_get_timings)
EXTRA(rkllm_print_memorys)
EXTRA(rkllm_print_timings)
#endif
