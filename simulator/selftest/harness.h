// harness.h - shared by the parts of the self-test.
#pragma once
#include "abi/abi.h"

typedef struct {
    RKLLMParam (*defaults)(void);
    int (*init)(LLMHandle *, RKLLMParam *, void *callbacks);
    int (*run)(LLMHandle, RKLLMInput *, RKLLMInferParam *, void *);
    int (*run_async)(LLMHandle, RKLLMInput *, RKLLMInferParam *, void *);
    int (*abort)(LLMHandle), (*is_running)(LLMHandle), (*destroy)(LLMHandle), (*release_cache)(LLMHandle);
    int (*load_cache)(LLMHandle, const char *), (*load_lora)(LLMHandle, RKLLMLoraAdapter *);
    int (*clear)(LLMHandle, int, int *, int *), (*kv_size)(LLMHandle, int *);
    int (*set_template)(LLMHandle, const char *, const char *, const char *);
    int (*set_tools)(LLMHandle, const char *, const char *, const char *), (*set_cross)(LLMHandle, void *);
} Api;

// What a check's process leaves behind, also when it dies.
typedef struct {
    char text[20000], why[400], log[500];
    bool quiet;                 // count calls only
    bool returned;              // the check came to its end
    int calls, finishes;
    long thread;
    void *userdata;
    float row[128];
#if SIM_ABI >= 10201
    RKLLMPerfStat perf;
#endif
} Shared;

extern Api api;
extern Shared *seen;
extern const char *demo, *scratch;
extern bool clean;
extern int (*on_callback)(RKLLMResult *result, LLMCallState state);
#if SIM_ABI >= 10300
extern RKLLMCallback callbacks;
#endif

enum { PASS = 0, HANG = -1, EXIT = -2 };
void check(const char *name, bool (*body)(void), int expect);
RKLLMParam defaults(void);
LLMHandle open_with(RKLLMParam p), open_demo(void);
LLMHandle open_text(const char *text);          // a model file with this content
int run(LLMHandle h, const char *prompt), run_with(LLMHandle h, RKLLMInput *input, RKLLMInferParam *infer);
bool said(const char *text), logged(const char *text), is(bool ok, const char *what);
double now_ms(void);
void behaviour_checks(void), newer_behaviour_checks(void), policing_checks(void), fault_checks(void);
