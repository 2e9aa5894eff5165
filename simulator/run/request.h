// request.h - the arguments of a run, in a form that does not depend on the version. Does not own its pointers.
#pragma once
#include "handle/handle.h"

typedef struct {
    const char *role, *text, *lora, *cache_path;
    bool thinking, keep_history, save_cache, tokens_given;
    unsigned type, mode;                // RKLLMInputType, RKLLMInferMode
    const int32_t *ids;
    const float *embed;
    size_t n_ids, n_embed, n_image, n_image_tokens, image_width, image_height;
    const char *image_start, *image_end, *image_content;    // NULL if the host did not set them
    int max_new;
    void *userdata;
} Request;

Request request_read(const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer, void *userdata);
