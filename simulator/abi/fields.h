// fields.h - access to the struct fields that only some versions have. fields_<version>.c implements it.
// If a version lacks a field, reading it returns a neutral value, which every check accepts, and writing it does nothing.
#pragma once
#include "abi/abi.h"

typedef struct {
    int n_keep, embed_flash, cpu_count, n_batch, cross_attn;
    uint32_t cpu_mask;
    unsigned char ignore_eos;           // the byte of the bool, as the host passed it
    const char *image_start, *image_end, *image_content;
} ParamFields;

typedef struct {
    const char *role;
    unsigned char thinking;             // the byte of the bool, as the host passed it
    float *image_embed;                 // for multimodal input; also the following
    size_t n_image, n_image_tokens, image_width, image_height;
    const char *image_start, *image_end, *image_content;
} InputFields;

typedef struct {                        // same layout as RKLLMSamplingParam
    int32_t top_k;
    float top_p, temperature, repeat_penalty, frequency_penalty, presence_penalty;
    int32_t mirostat;
    float mirostat_tau, mirostat_eta;
} Sampling;

typedef struct {
    int keep_history;
    int32_t max_new_tokens;             // 0: use the value of the handle
    const Sampling *sampling;           // the host's struct, or NULL
} InferFields;

typedef struct {
    void *result, *result_userdata;     // result is an LLMResultCallback of this version
    int (*tokenizer)(void *userdata, const char *text, int32_t len, int32_t *ids, int32_t room);
    void *tokenizer_userdata;
    int (*embed)(void *userdata, int32_t *ids, uint64_t count, void *out, uint64_t bytes);
    void *embed_userdata;
} Callbacks;

typedef struct { float prefill_ms, generate_ms, memory_mb; int prefill_tokens, generate_tokens; } PerfFields;

ParamFields param_fields(const RKLLMParam *p);
void param_fields_set(RKLLMParam *p, const ParamFields *f);
Sampling param_sampling(const RKLLMParam *p);
InputFields input_fields(const RKLLMInput *input);
InferFields infer_fields(const RKLLMInferParam *p);

// The type of the third argument of rkllm_init.
#if SIM_ABI >= 10300
typedef RKLLMCallback *InitCallback;
#else
typedef LLMResultCallback InitCallback;
#endif
Callbacks callbacks_read(InitCallback third);
// Returns the return value of the callback; 0 if the callback has none.
int callback_call(const Callbacks *c, RKLLMResult *result, void *userdata, LLMCallState state);

// Both fill in a result and return the state for its callback.
LLMCallState result_set_hidden_layer(RKLLMResult *r, const float *data, int dim, int count);
LLMCallState result_set_logits(RKLLMResult *r, const float *data, int dim, int count);
void result_set_perf(RKLLMResult *r, const PerfFields *f);
