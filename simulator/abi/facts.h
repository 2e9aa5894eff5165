// facts.h - behaviour that differs between ABI groups, one row per group. Struct fields that differ: fields.h.
#pragma once
#include <stdbool.h>

typedef struct {
    int abi;                            // SIM_ABI
    int context_reserve;                // tokens of the window that a prompt cannot use
    int highest_mode;                   // of RKLLMInferMode
    int running;                        // what rkllm_is_running returns during a run
    const char *split_characters;       // default of the setting UTF8
    bool chat_template;                 // prompts get the model's template
    bool prefix_reuse;                  // a prompt is compared with what the last run left in the cache
    bool text_before_hidden_layer;      // one callback without text comes before it
    bool prefixed_log;                  // all log lines have a level and a source; model and cpus are logged
    bool dtype_log;                     // the model's data type is logged; its template is not
    bool cpu_fields;                    // RKLLMParam has n_keep, embed_flash, enabled_cpus_*
    bool batch_fields;                  // RKLLMParam has n_batch, use_cross_attn
    bool run_fields;                    // RKLLMInferParam has sampling_params and max_new_tokens, RKLLMParam ignore_eos_token
    int callback_struct;                // size of the RKLLMCallback that rkllm_init takes; 0: it takes a function
    bool callback_releases;             // a callback that returns 2 is done with the result's buffers
} AbiFacts;

extern const AbiFacts *const abi_facts; // of this build
