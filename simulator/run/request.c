// request.c - the caller's structs of this ABI, as one struct without versions. Pointers stay the caller's.
#include "sim.h"

Request request_read(const Handle *h, const RKLLMInput *i, const RKLLMInferParam *p, void *userdata)
{
    Request q = {.type = i->input_type, .mode = p->mode, .max_new = h->max_new, .userdata = userdata};
#if SIM_ABI >= 10201
    q.role = i->role;
    q.thinking = i->enable_thinking;
#endif
    switch (i->input_type) {
    case RKLLM_INPUT_PROMPT:
        q.text = i->prompt_input;
        break;
    case RKLLM_INPUT_TOKEN:
        q.ids = i->token_input.input_ids;
        q.n_ids = i->token_input.n_tokens;
        q.tokens_given = true;
        break;
    case RKLLM_INPUT_EMBED:
        q.embed = i->embed_input.embed;
        q.n_embed = i->embed_input.n_tokens;
        break;
    case RKLLM_INPUT_MULTIMODAL:
        q.text = i->multimodal_input.prompt;
#if SIM_ABI >= 10300
        q.embed = i->multimodal_input.image.image_embed;
        q.n_image_tokens = i->multimodal_input.image.n_image_tokens;
        q.n_image = i->multimodal_input.image.n_image;
#else
        q.embed = i->multimodal_input.image_embed;
        q.n_image_tokens = i->multimodal_input.n_image_tokens;
        q.n_image = 1;
#endif
#if SIM_ABI == 10201
        q.n_image = i->multimodal_input.n_image;
#endif
        break;
    }
    q.lora = p->lora_params ? p->lora_params->lora_adapter_name : NULL;
    if (p->prompt_cache_params) {
        q.save_cache = p->prompt_cache_params->save_prompt_cache;
        q.cache_path = p->prompt_cache_params->prompt_cache_path;
        if (!q.cache_path)
            q.cache_path = "./prompt_cache.bin";
    }
#if SIM_ABI >= 10200
    q.keep_history = p->keep_history;
#endif
#if SIM_ABI >= 10300
    if (p->sampling_params)
        (void)*(volatile const int32_t *)&p->sampling_params->top_k;    // a real library would read it here
    if (p->max_new_tokens > 0)
        q.max_new = p->max_new_tokens;
    if (!userdata)
        q.userdata = h->result_userdata;
#endif
    return q;
}
