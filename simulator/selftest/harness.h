// harness.h - shared by all checks: the library under test, a callback that writes a transcript, and the runner.
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

// The results of a check's process, in shared memory, so that they survive a crash.
typedef struct {
    char text[20000];           // see transcript.c
    char why[400];              // why the check failed
    char log[500];              // path of the library's log
    bool quiet;                 // write no transcript
    bool returned;              // whether the check returned
    int calls, finishes;
    long thread;
    void *userdata;
    float row[128];             // the last hidden state
    int prefill_tokens, generate_tokens;    // of the last FINISH, if the version has them
} Shared;

extern Api api;
extern Shared *seen;
extern const char *demo, *scratch;
extern bool clean;              // skip checks that expect a crash
int transcript_callback(RKLLMResult *r, void *userdata, LLMCallState state);
extern int (*on_callback)(RKLLMResult *result, LLMCallState state);
#if SIM_ABI >= 10300
extern RKLLMCallback callbacks;
#endif

// The expected result: PASS returns true, HANG still runs after 150 ms, EXIT ends the process with 0; else a signal number.
enum { PASS = 0, HANG = -1, EXIT = -2 };
typedef struct { const char *name; bool (*body)(void); int expect; } Check;
void check(const char *name, bool (*body)(void), int expect);
void run_checks(const Check *checks);               // the last row has no name

void set(const char *name, const char *value);      // the setting RKLLM_SIMULATOR_<name>
RKLLMParam defaults(void);
LLMHandle open_with(RKLLMParam p), open_demo(void);
LLMHandle open_text(const char *text);          // opens a model file with this content
int run(LLMHandle h, const char *prompt), run_with(LLMHandle h, RKLLMInput *input, RKLLMInferParam *infer);
bool said(const char *text);                        // whether this is the transcript
bool logged(const char *text);                      // whether the log contains the text
bool is(bool ok, const char *what);                 // returns ok; if false, reports what
double now_ms(void);
void keep_history(RKLLMInferParam *p);              // sets keep_history if the version has it

void behaviour_checks(void), behaviour_since_1_2_checks(void), logits_checks(void), file_checks(void);
void prompt_cache_checks(void), node_checks(void), image_checks(void), abi_checks(void), fault_checks(void);
