/* The structs of librkllmrt.so in the ABI group this build stands in for (RKSIM_ABI: 100, 110, 120, 121, 130 or 131).
 * Written from the published offsets; the asserts at the end repeat the published sizes, for x86-64 and arm64 alike. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef RKSIM_ABI
#error "define RKSIM_ABI"
#endif

typedef void *LLMHandle;

enum { RUN_NORMAL = 0, RUN_WAITING = 1, RUN_FINISH = 2, RUN_ERROR = 3, RUN_LAST_HIDDEN = 4 /* 1.1 only */ };
enum { INPUT_PROMPT = 0, INPUT_TOKEN = 1, INPUT_EMBED = 2, INPUT_MULTIMODAL = 3 };
enum { INFER_GENERATE = 0, INFER_LAST_HIDDEN = 1, INFER_LOGITS = 2 };

#if RKSIM_ABI == 100 /* 1.0.1: refused by every caller, so only its exports matter */

typedef struct { char bytes[72]; } RKLLMParam;
typedef struct RKLLMResult RKLLMResult;
typedef void (*LLMResultCallback)(RKLLMResult *, void *, uint32_t);

#else

typedef struct {
    int32_t base_domain_id;
#if RKSIM_ABI == 110
    uint8_t reserved[112];
#else
    int8_t embed_flash;
    int8_t enabled_cpus_num;
    uint32_t enabled_cpus_mask;
#if RKSIM_ABI >= 121
    uint8_t n_batch;
    int8_t use_cross_attn;
    uint8_t reserved[104];
#else
    uint8_t reserved[106];
#endif
#endif
} RKLLMExtendParam;

typedef struct {
    const char *model_path;
    int32_t max_context_len; /* tokens */
    int32_t max_new_tokens;  /* tokens */
    int32_t top_k;
#if RKSIM_ABI >= 120
    int32_t n_keep;
#endif
    float top_p;
    float temperature;
    float repeat_penalty;
    float frequency_penalty;
    float presence_penalty;
    int32_t mirostat;
    float mirostat_tau;
    float mirostat_eta;
    bool skip_special_token;
#if RKSIM_ABI >= 130
    bool ignore_eos_token;
#endif
    bool is_async;
#if RKSIM_ABI < 130
    const char *img_start;
    const char *img_end;
    const char *img_content;
#endif
    RKLLMExtendParam extend_param;
} RKLLMParam;

typedef struct { const char *lora_adapter_path; const char *lora_adapter_name; float scale; } RKLLMLoraAdapter;
typedef struct { float *embed; size_t n_tokens; } RKLLMEmbedInput;
typedef struct { int32_t *input_ids; size_t n_tokens; } RKLLMTokenInput;

typedef struct {
    char *prompt;
    float *image_embed;
    size_t n_image_tokens;
#if RKSIM_ABI >= 121 && RKSIM_ABI < 130
    size_t n_image, image_width, image_height;
#elif RKSIM_ABI == 130
    size_t rest[15];
#elif RKSIM_ABI == 131
    size_t rest[21];
#endif
} RKLLMMultiModalInput;

typedef struct {
#if RKSIM_ABI >= 121
    const char *role;
    bool enable_thinking;
#endif
    uint32_t input_type;
    union {
        const char *prompt_input;
        RKLLMEmbedInput embed_input;
        RKLLMTokenInput token_input;
        RKLLMMultiModalInput multimodal_input;
    };
} RKLLMInput;

typedef struct { const char *lora_adapter_name; } RKLLMLoraParam;
typedef struct { int save_prompt_cache; const char *prompt_cache_path; } RKLLMPromptCacheParam;

typedef struct {
    int32_t top_k;
    float top_p, temperature, repeat_penalty, frequency_penalty, presence_penalty;
    int32_t mirostat;
    float mirostat_tau, mirostat_eta;
} RKLLMSamplingParam;

typedef struct {
    uint32_t mode;
    RKLLMLoraParam *lora_params;
    RKLLMPromptCacheParam *prompt_cache_params;
#if RKSIM_ABI >= 130
    RKLLMSamplingParam *sampling_params;
#endif
#if RKSIM_ABI >= 120
    int keep_history;
#endif
#if RKSIM_ABI >= 130
    int32_t max_new_tokens;
#endif
} RKLLMInferParam;

typedef struct { const float *hidden_states; int embd_size; int num_tokens; } RKLLMResultLastHiddenLayer;
typedef struct { const float *logits; int vocab_size; int num_tokens; } RKLLMResultLogits;

typedef struct {
    float prefill_time_ms;
    int prefill_tokens;
    float generate_time_ms;
    int generate_tokens;
    float memory_usage_mb;
} RKLLMPerfStat;

typedef struct {
    const char *text;
    int32_t token_id;
    RKLLMResultLastHiddenLayer last_hidden_layer;
#if RKSIM_ABI >= 120
    RKLLMResultLogits logits;
#endif
#if RKSIM_ABI >= 121
    RKLLMPerfStat perf;
#endif
} RKLLMResult;

typedef struct { const float *encoder_k_cache, *encoder_v_cache, *encoder_mask, *encoder_pos; int num_tokens; } RKLLMCrossAttnParam;

/* Void where the version's contract says so; the value is then junk and must not be looked at. */
typedef int (*LLMResultCallback)(RKLLMResult *, void *, uint32_t);

typedef struct {
    LLMResultCallback result_callback;
    void *result_userdata;
    int (*tokenizer_callback)(void *, const char *, int32_t, int32_t *, int32_t);
    void *tokenizer_userdata;
    int (*embed_callback)(void *, int32_t *, uint64_t, void *, uint64_t);
    void *embed_userdata;
} RKLLMCallback;


#define SIZE(type, n110, n120, n121, n130, n131) \
    _Static_assert(sizeof(type) == (RKSIM_ABI == 110 ? n110 : RKSIM_ABI == 120 ? n120 : RKSIM_ABI == 121 ? n121 : RKSIM_ABI == 130 ? n130 : n131), #type)
SIZE(RKLLMParam, 200, 208, 208, 184, 184);
SIZE(RKLLMExtendParam, 116, 120, 120, 120, 120);
SIZE(RKLLMMultiModalInput, 24, 24, 48, 144, 192);
SIZE(RKLLMInput, 32, 32, 64, 160, 208);
SIZE(RKLLMInferParam, 24, 32, 32, 40, 40);
SIZE(RKLLMResult, 32, 48, 72, 72, 72);
#undef SIZE
_Static_assert(sizeof(RKLLMCallback) == 48 && sizeof(RKLLMSamplingParam) == 36 && sizeof(RKLLMPerfStat) == 20, "fixed sizes");
_Static_assert(sizeof(RKLLMCrossAttnParam) == 40 && sizeof(RKLLMLoraAdapter) == 24, "fixed sizes");
_Static_assert(offsetof(RKLLMParam, extend_param) == (RKSIM_ABI == 110 ? 80 : RKSIM_ABI < 130 ? 88 : 60), "extend_param");

#endif
