// request.h - what a run was asked for, without versions. Pointers stay the host's.
#pragma once
#include "handle/handle.h"

typedef struct {
    const char *role, *text, *lora, *cache_path;
    bool thinking, keep_history, save_cache, tokens_given;
    unsigned type, mode;                // RKLLMInputType, RKLLMInferMode
    const int32_t *ids;
    const float *embed;
    size_t n_ids, n_embed, n_image, n_image_tokens;
    int max_new;
    void *userdata;
} Request;

Request request_read(const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer, void *userdata);
