// facts.h - behaviour that differs between ABI groups, one row per group. For struct fields that differ see fields.h.
#pragma once
#include <stdbool.h>

typedef struct {
    int abi;                            // SIM_ABI
    int context_reserve;                // tokens of the window that a prompt cannot use
    int highest_mode;                   // highest value of RKLLMInferMode
    int running;                        // what rkllm_is_running returns during a run
    const char *split_characters;       // default of the setting UTF8
    bool chat_template;                 // the library applies the model's chat template to prompts
    bool prefix_reuse;                  // the library reuses the common prefix of the prompt and the KV cache
    bool image_count;                   // RKLLMInput has n_image and the size; images in the KV cache are reused
    bool text_before_hidden_layer;      // a callback without text precedes the callback with the hidden layer
    bool prefixed_log;                  // all log lines have a level and a source; model and CPUs are logged
    bool dtype_log;                     // the model's data type is logged; its template is not
    bool cpu_fields;                    // RKLLMParam has n_keep, embed_flash, enabled_cpus_*
    bool batch_fields;                  // RKLLMParam has n_batch, use_cross_attn
    bool run_fields;                    // RKLLMInferParam has sampling_params, max_new_tokens; RKLLMParam ignore_eos_token
    int callback_struct;                // size of RKLLMCallback in rkllm_init; 0 if rkllm_init takes a function
    bool memory_crash;                  // a load without enough memory crashes instead of returning -1
    bool callback_releases;             // if the callback returns 2, the library frees the buffers of the result
} AbiFacts;

extern const AbiFacts *const abi_facts; // of this build
