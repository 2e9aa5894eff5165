// abi.h - the public types of the vendor's library, for the ABI group of this build.
// SIM_ABI selects the group: 10001 (1.0.1), 10100 (1.1.x), 10200 (1.2.0),
// 10201 (1.2.1-1.2.3), 10300 (1.3.0), 10301 (1.3.1, derived from public descriptions).
// Names and offsets are those of the vendor; the text was written for this project. layout.h checks sizes and offsets.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef SIM_ABI
#error "define SIM_ABI, for instance -DSIM_ABI=10201"
#endif

typedef void *LLMHandle;

#if SIM_ABI < 10100
typedef enum { LLM_RUN_NORMAL, LLM_RUN_FINISH, LLM_RUN_ERROR } LLMCallState;

typedef struct {
    const char *model_path;
    int32_t num_npu_core, max_context_len, max_new_tokens, top_k;
    float top_p, temperature, repeat_penalty, frequency_penalty, presence_penalty;
    int32_t mirostat;
    float mirostat_tau, mirostat_eta;
    bool logprobs;
    int32_t top_logprobs;
    bool use_gpu;
} RKLLMParam;

typedef struct { float logprob; int id; } Token;
typedef struct { const char *text; Token *tokens; int num; } RKLLMResult;
typedef void (*LLMResultCallback)(RKLLMResult *result, void *userdata, LLMCallState state);
#else

typedef enum {
    RKLLM_RUN_NORMAL,
    RKLLM_RUN_WAITING,                  // the token ends inside a UTF-8 character
    RKLLM_RUN_FINISH,
    RKLLM_RUN_ERROR,
#if SIM_ABI < 10200
    RKLLM_RUN_GET_LAST_HIDDEN_LAYER,
#endif
} LLMCallState;

typedef enum { RKLLM_INPUT_PROMPT, RKLLM_INPUT_TOKEN, RKLLM_INPUT_EMBED, RKLLM_INPUT_MULTIMODAL } RKLLMInputType;

typedef enum {
    RKLLM_INFER_GENERATE,
    RKLLM_INFER_GET_LAST_HIDDEN_LAYER,
#if SIM_ABI >= 10200
    RKLLM_INFER_GET_LOGITS,
#endif
} RKLLMInferMode;

typedef struct {
    int32_t base_domain_id;
#if SIM_ABI < 10200
    uint8_t reserved[112];
#else
    int8_t embed_flash, enabled_cpus_num;
    uint32_t enabled_cpus_mask;
#if SIM_ABI < 10201
    uint8_t reserved[106];
#else
    uint8_t n_batch;
    int8_t use_cross_attn;
    uint8_t reserved[104];
#endif
#endif
} RKLLMExtendParam;

typedef struct {
    const char *model_path;
    int32_t max_context_len, max_new_tokens, top_k;
#if SIM_ABI >= 10200
    int32_t n_keep;
#endif
    float top_p, temperature, repeat_penalty, frequency_penalty, presence_penalty;
    int32_t mirostat;
    float mirostat_tau, mirostat_eta;
    bool skip_special_token;
#if SIM_ABI >= 10300
    bool ignore_eos_token;
#endif
    bool is_async;
#if SIM_ABI < 10300
    const char *img_start, *img_end, *img_content;
#endif
    RKLLMExtendParam extend_param;
} RKLLMParam;

typedef struct { const char *lora_adapter_path, *lora_adapter_name; float scale; } RKLLMLoraAdapter;
typedef struct { float *embed; size_t n_tokens; } RKLLMEmbedInput;
typedef struct { int32_t *input_ids; size_t n_tokens; } RKLLMTokenInput;

#if SIM_ABI < 10201
typedef struct { char *prompt; float *image_embed; size_t n_image_tokens; } RKLLMMultiModelInput;
typedef RKLLMMultiModelInput RKLLMMultiModalInput;
#elif SIM_ABI < 10300
typedef struct {
    char *prompt;
    float *image_embed;
    size_t n_image_tokens, n_image, image_width, image_height;
} RKLLMMultiModalInput;
#else
typedef struct {
    char *prompt;
    struct {
        float *image_embed;
        size_t n_image_tokens, n_image;
        const char *image_start, *image_end, *image_content;
        size_t image_width, image_height;
    } image;
    struct {
        float *video_embed;
        size_t n_frame_tokens, n_frame_per_video, n_video;
        const char *video_start, *video_end, *video_content;
        size_t frame_width, frame_height;
    } video;
#if SIM_ABI >= 10301
    struct {
        float *audio_embed;
        size_t n_audio_tokens, n_audio;
        const char *audio_start, *audio_end, *audio_content;
    } audio;
#endif
} RKLLMMultiModalInput;
#endif

typedef struct {
#if SIM_ABI >= 10201
    const char *role;
    bool enable_thinking;
#endif
    RKLLMInputType input_type;
    union {
        const char *prompt_input;
        RKLLMEmbedInput embed_input;
        RKLLMTokenInput token_input;
        RKLLMMultiModalInput multimodal_input;
    };
} RKLLMInput;

typedef struct { const char *lora_adapter_name; } RKLLMLoraParam;
typedef struct { int save_prompt_cache; const char *prompt_cache_path; } RKLLMPromptCacheParam;

#if SIM_ABI >= 10201
typedef struct {
    float *encoder_k_cache, *encoder_v_cache, *encoder_mask;
    int32_t *encoder_pos;
    int num_tokens;
} RKLLMCrossAttnParam;

typedef struct {
    float prefill_time_ms;
    int prefill_tokens;
    float generate_time_ms;
    int generate_tokens;
    float memory_usage_mb;
} RKLLMPerfStat;
#endif

#if SIM_ABI >= 10300
typedef struct {
    int32_t top_k;
    float top_p, temperature, repeat_penalty, frequency_penalty, presence_penalty;
    int32_t mirostat;
    float mirostat_tau, mirostat_eta;
} RKLLMSamplingParam;
#endif

typedef struct {
    RKLLMInferMode mode;
    RKLLMLoraParam *lora_params;
    RKLLMPromptCacheParam *prompt_cache_params;
#if SIM_ABI >= 10300
    RKLLMSamplingParam *sampling_params;
#endif
#if SIM_ABI >= 10200
    int keep_history;
#endif
#if SIM_ABI >= 10300
    int32_t max_new_tokens;
#endif
} RKLLMInferParam;

typedef struct { const float *hidden_states; int embd_size, num_tokens; } RKLLMResultLastHiddenLayer;
#if SIM_ABI >= 10200
typedef struct { const float *logits; int vocab_size, num_tokens; } RKLLMResultLogits;
#endif

typedef struct {
    const char *text;
    int32_t token_id;
    RKLLMResultLastHiddenLayer last_hidden_layer;
#if SIM_ABI >= 10200
    RKLLMResultLogits logits;
#endif
#if SIM_ABI >= 10201
    RKLLMPerfStat perf;
#endif
} RKLLMResult;

#if SIM_ABI < 10201
typedef void (*LLMResultCallback)(RKLLMResult *result, void *userdata, LLMCallState state);
#else
typedef int (*LLMResultCallback)(RKLLMResult *result, void *userdata, LLMCallState state);
#endif

#if SIM_ABI >= 10300
typedef int (*LLMTokenizerCallback)(void *userdata, const char *text, int32_t text_len, int32_t *tokens,
                                    int32_t n_tokens_max);
typedef int (*LLMGetEmbedCallback)(void *userdata, int32_t *tokens, uint64_t num_tokens, void *embed, uint64_t len);
typedef struct {
    LLMResultCallback result_callback;
    void *result_userdata;
    LLMTokenizerCallback tokenizer_callback;
    void *tokenizer_userdata;
    LLMGetEmbedCallback embed_callback;
    void *embed_userdata;
} RKLLMCallback;
#endif
#endif // SIM_ABI >= 10100

#include "layout.h"
