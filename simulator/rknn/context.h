// context.h - everything that one rknn_init owns, and the registry of contexts.
#pragma once
#include "rknn/abi.h"
#include "rknn/encoder_file.h"
#include <stdbool.h>

typedef enum { STEP_LOADED, STEP_INPUT_SET, STEP_RAN } Step;

typedef struct Context {
    struct Context *next;               // a destroyed context stays in the registry, so that its reuse is detected
    bool alive;
    EncoderFile file;
    long ledger_number;                 // of ledger_add
    Step step;
    unsigned char *rgb;                 // the input as pixels, px * px * 3 bytes
    void *held[MAX_OUTPUTS];            // outputs that the host has not released
    size_t held_len[MAX_OUTPUTS];
    long long run_us;                   // duration of the last run
} Context;

Context *context_new(const EncoderFile *file);
Context *context_find(rknn_context id);         // NULL if rknn_init did not return it, or it was destroyed
int contexts_alive(void);
int context_held(const Context *c);             // number of outputs that the host has not released
void context_release(Context *c, int output);   // overwrites and frees the output
void context_free(Context *c);
