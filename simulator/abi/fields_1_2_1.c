// fields_1_2_1.c - fields.h for 1.2.1, 1.2.2 and 1.2.3.
#include "abi/fields.h"
#if SIM_ABI == 10201

ParamFields param_fields(const RKLLMParam *p)
{
    const RKLLMExtendParam *e = &p->extend_param;
    return (ParamFields){.n_keep = p->n_keep, .embed_flash = e->embed_flash, .cpu_count = e->enabled_cpus_num,
                         .cpu_mask = e->enabled_cpus_mask, .n_batch = e->n_batch, .cross_attn = e->use_cross_attn,
                         .image_start = p->img_start, .image_end = p->img_end, .image_content = p->img_content};
}

void param_fields_set(RKLLMParam *p, const ParamFields *f)
{
    p->n_keep = f->n_keep;
    p->extend_param.embed_flash = (int8_t)f->embed_flash;
    p->extend_param.enabled_cpus_num = (int8_t)f->cpu_count;
    p->extend_param.enabled_cpus_mask = f->cpu_mask;
    p->extend_param.n_batch = (uint8_t)f->n_batch;
    p->extend_param.use_cross_attn = (int8_t)f->cross_attn;
    p->img_start = f->image_start;
    p->img_end = f->image_end;
    p->img_content = f->image_content;
}

InputFields input_fields(const RKLLMInput *input)
{
    const RKLLMMultiModalInput *m = &input->multimodal_input;
    return (InputFields){.role = input->role, .thinking = *(const unsigned char *)&input->enable_thinking,
                         .image_embed = m->image_embed, .n_image = m->n_image, .n_image_tokens = m->n_image_tokens,
                         .image_width = m->image_width, .image_height = m->image_height};
}

InferFields infer_fields(const RKLLMInferParam *p) { return (InferFields){.keep_history = p->keep_history}; }

Callbacks callbacks_read(InitCallback third) { return (Callbacks){.result = (void *)third}; }

int callback_call(const Callbacks *c, RKLLMResult *result, void *userdata, LLMCallState state)
{
    return ((LLMResultCallback)c->result)(result, userdata, state);
}

LLMCallState result_set_hidden_layer(RKLLMResult *r, const float *data, int dim, int count)
{
    r->last_hidden_layer = (RKLLMResultLastHiddenLayer){data, dim, count};
    return RKLLM_RUN_NORMAL;
}

LLMCallState result_set_logits(RKLLMResult *r, const float *data, int dim, int count)
{
    r->logits = (RKLLMResultLogits){data, dim, count};
    return RKLLM_RUN_NORMAL;
}

void result_set_perf(RKLLMResult *r, const PerfFields *f)
{
    r->perf = (RKLLMPerfStat){f->prefill_ms, f->prefill_tokens, f->generate_ms, f->generate_tokens, f->memory_mb};
}
#endif
