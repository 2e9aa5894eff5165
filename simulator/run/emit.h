// emit.h - every result callback. A result lies against a guard page, so that reading past this version's struct faults.
// Its buffers are filled with 0xDD and freed at the next callback, so that the use of a kept pointer is visible.
#pragma once
#include "run/run_state.h"

typedef enum { ACTION_CONTINUE, ACTION_PAUSE, ACTION_RELEASE } CallbackAction;

CallbackAction emit_text(Run *r, LLMCallState state, int32_t id, const char *text, size_t len);
CallbackAction emit_token(Run *r, const Token *t);
CallbackAction emit_hidden_layer(Run *r, float *data, int dim, int count);     // takes data
CallbackAction emit_logits(Run *r, float *data, int dim, int count);           // takes data
CallbackAction emit_null(Run *r, LLMCallState state);
CallbackAction emit_finish(Run *r, bool null_result);
CallbackAction emit_rows(Run *r, const Token *rows, const bool *done, int count);
void emit_done(Run *r);                 // poisons and frees what the last callback was given
