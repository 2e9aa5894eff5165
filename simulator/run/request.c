// request.c - see request.h.
#include "run/request.h"

static void read_input(const Handle *h, const RKLLMInput *input, Request *q)
{
    InputFields f = input_fields(input);
    q->type = input->input_type;
    q->role = f.role;
    q->thinking = f.thinking;
    switch (input->input_type) {
    case RKLLM_INPUT_PROMPT:
        q->text = input->prompt_input;
        break;
    case RKLLM_INPUT_TOKEN:
        q->ids = input->token_input.input_ids;
        q->n_ids = input->token_input.n_tokens;
        q->tokens_given = true;
        break;
    case RKLLM_INPUT_EMBED:
        q->embed = input->embed_input.embed;
        q->n_embed = input->embed_input.n_tokens;
        break;
    case RKLLM_INPUT_MULTIMODAL:
        q->text = input->multimodal_input.prompt;
        q->embed = f.image_embed;
        q->n_image = f.n_image;
        q->n_image_tokens = f.n_image_tokens;
        q->image_width = f.image_width;
        q->image_height = f.image_height;
        q->image_start = f.image_start ? f.image_start : h->image_start;
        q->image_end = f.image_end ? f.image_end : h->image_end;
        q->image_content = f.image_content ? f.image_content : h->image_content;
        break;
    }
}

Request request_read(const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer, void *userdata)
{
    InferFields f = infer_fields(infer);
    Request q = {.mode = infer->mode, .max_new = h->max_new, .keep_history = f.keep_history};
    read_input(h, input, &q);
    q.userdata = userdata ? userdata : h->callbacks.result_userdata;
    if (f.max_new_tokens > 0)
        q.max_new = f.max_new_tokens;
    if (f.sampling)
        (void)*(volatile const int32_t *)&f.sampling->top_k;    // crashes here if the pointer is invalid
    if (infer->lora_params)
        q.lora = infer->lora_params->lora_adapter_name;
    const RKLLMPromptCacheParam *cache = infer->prompt_cache_params;
    if (cache) {
        q.save_cache = cache->save_prompt_cache;
        q.cache_path = cache->prompt_cache_path;
    }
    return q;
}
