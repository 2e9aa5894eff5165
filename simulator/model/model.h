// model.h - the model file. rkllm_init reads it once.
#pragma once
#include "base/json.h"
#include "model/tokenizer.h"
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct { regex_t match, find; bool has_match, has_find; const Json *spec; } Rule;

typedef struct {
    Json *json;                         // owns every string below
    const char *toolkit, *platform, *dtype, *template, *system, *fault, *eos, *arch;
    int cores, ctx_limit, vocab, embd, eos_id, kv_bytes;    // kv_bytes: per token, in a prompt cache file
    bool has_tokenizer, has_embedding;  // if false, 1.3 calls the callbacks of the host
    bool skips_special;                 // whether skip_special_token has an effect
    int image_outputs, image_px;        // outputs of the encoder; mrope: pixels per token and side, 0 without
    int image_error;                    // what rkllm_run returns for multimodal input that it cannot use
    uint64_t id;                        // hash of the model file
    long long bytes;                    // memory that the loaded model takes
    double prefill_ms, decode_ms, memory_mb;
    Tokenizer tokenizer;
    Rule *rules;                        // the script; the first matching rule gives the reply
    int n_rules;
} Model;

typedef enum { MODEL_OK, MODEL_MISSING, MODEL_FOREIGN } ModelStatus;

ModelStatus model_load(Model *m, const char *path);
void model_free(Model *m);
