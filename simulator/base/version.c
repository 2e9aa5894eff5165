// version.c - the only file that differs between variants of one ABI group.
#include <stddef.h>
extern const char built_version[];
const char built_version[] = SIM_VERSION;

#ifdef SIM_MARKER
__attribute__((used)) static const char marker[] =
    "RKLLM SDK (version: " SIM_VERSION " | target: Linux | build: standin 2025-01-01 00:00:00)";
#endif
// An inner library's version stands in real files too; it is not the runtime's.
__attribute__((used)) static const char decoy[] = "rknn llm lib version: 2.3.3b0";

#ifdef SIM_EXTRAS                     // exports seen in the wild, in no header: probes must not care
#define EXTRA(name) \
    __attribute__((visibility("default"))) int name(void *handle); \
    int name(void *handle) { return handle ? 0 : -1; }
EXTRA(rkllm_accuracy_analysis)
EXTRA(rkllm_get_timings)
EXTRA(rkllm_print_memorys)
EXTRA(rkllm_print_timings)
#endif
