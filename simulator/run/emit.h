// emit.h - calls the result callback. The result ends at a guard page, so that a read beyond this version's struct crashes.
// At the next callback its buffers are filled with 0xDD and freed, so that the use of a kept pointer is detected.
#pragma once
#include "run/run_state.h"

typedef enum { ACTION_CONTINUE, ACTION_PAUSE, ACTION_RELEASE } CallbackAction;

CallbackAction emit_text(Run *r, LLMCallState state, int32_t id, const char *text, size_t len);
CallbackAction emit_token(Run *r, const Token *t);
CallbackAction emit_hidden_layer(Run *r, float *data, int dim, int count);     // takes ownership of data
CallbackAction emit_logits(Run *r, float *data, int dim, int count);           // takes ownership of data
CallbackAction emit_null(Run *r, LLMCallState state);
CallbackAction emit_finish(Run *r, bool null_result);
CallbackAction emit_rows(Run *r, const Token *rows, const bool *done, int count);
void emit_done(Run *r);                 // poisons and frees the buffers of the last callback
