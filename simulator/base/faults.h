// faults.h - the names of all faults. Each belongs to a class of calls.
// Those of class RKNN_… occur in librknnrt.so, all others in librkllmrt.so; both libraries know all names.
// The setting FAULT and "fault" in the model file have the form name[@n][:arg],...; n is the number of the call, from 1.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define FAULTS(F) \
    F(INIT, bad_magic) F(INIT, too_new) F(INIT, too_old) F(INIT, wrong_platform) F(INIT, unknown_platform) \
    F(INIT, ctx_limit) F(INIT, npu_oom) F(INIT, no_device) F(INIT, too_many_files) F(INIT, init0_broken) \
    F(INIT, second_init_segv) F(INIT, init_hang) F(INIT, init_slow) F(INIT, sigill) F(INIT, half_line) F(INIT, first_killed) \
    F(RUN, run_minus1) F(RUN, error_state) F(RUN, segv) F(RUN, abort) F(RUN, exit) F(RUN, orphan) F(RUN, hang) \
    F(RUN, slow_prefill) F(RUN, no_finish) F(RUN, stale_logits) F(RUN, double_finish) F(RUN, finish_at_think_end) F(RUN, eos_ignored) F(RUN, loop_token) \
    F(RUN, garbage_tokens) F(RUN, invalid_utf8) F(RUN, null_text) F(RUN, null_result) F(RUN, empty_stream) \
    F(RUN, huge_piece) F(RUN, embedded_control_chars) F(RUN, matmul_failed) F(RUN, n_image_unset) F(RUN, leak) \
    F(RUN, stale_image) F(RUN, blend_images) F(RUN, image_leak) \
    F(RUN, late_callback) F(RUN, stale_tail) F(RUN, second_instance_garbage) F(RUN, callback_on_other_thread) \
    F(RUN, async_no_callback) F(RUN, async_hang) \
    F(ABORT, abort_ignored) F(ABORT, abort_late) F(ABORT, abort_minus1) \
    F(DESTROY, destroy_hang) F(DESTROY, destroy_while_running_segv) \
    F(CACHE, cache_segv) F(CACHE, cache_after_abort) F(QUERY, is_running_inverted) F(CLEAR, clear_minus1) F(TEMPLATE, template_minus1) \
    F(RKNN_INIT, rknn_init) F(RKNN_INIT, rknn_slow) F(RKNN_RUN, rknn_run) F(RKNN_RUN, rknn_hang) F(RKNN_RUN, rknn_segv) \
    F(RKNN_OUTPUTS, rknn_outputs)

typedef enum { CLASS_INIT, CLASS_RUN, CLASS_ABORT, CLASS_DESTROY, CLASS_CACHE, CLASS_QUERY, CLASS_CLEAR, CLASS_TEMPLATE,
    CLASS_RKNN_INIT, CLASS_RKNN_RUN, CLASS_RKNN_OUTPUTS } FaultClass;
typedef enum {
#define F(class, name) FAULT_##name,
    FAULTS(F)
#undef F
    FAULT_COUNT
} Fault;

typedef struct { bool any, on[FAULT_COUNT]; char arg[FAULT_COUNT][16]; } FaultSet;

// Returns in out the faults that occur in this call. Counts the call for each listed fault of the class.
void faults_draw(FaultClass class, const char *of_model, FaultSet *out);
bool faults_add(FaultSet *set, const char *name_and_arg);   // false if there is no such run fault
bool faulty(const FaultSet *set, Fault fault);
const char *fault_arg(const FaultSet *set, Fault fault);
long fault_number(const FaultSet *set, Fault fault, long otherwise);
bool fault_drawn(FaultClass class, Fault fault, const char *of_model);      // for a class that has one fault only
void crash(void);                                           // raises SIGSEGV by an invalid write
