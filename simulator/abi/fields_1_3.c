// fields_1_3.c - fields.h for 1.3.0 and 1.3.1. They differ only in parts of RKLLMInput that this file does not read.
#include "abi/fields.h"
#if SIM_ABI >= 10300

_Static_assert(sizeof(Sampling) == sizeof(RKLLMSamplingParam), "Sampling is laid out like RKLLMSamplingParam");
_Static_assert(offsetof(Sampling, mirostat_eta) == offsetof(RKLLMSamplingParam, mirostat_eta), "same order of fields");
_Static_assert(sizeof(RKLLMCallback) == 48, "callback_struct of facts.c");

ParamFields param_fields(const RKLLMParam *p)
{
    const RKLLMExtendParam *e = &p->extend_param;
    return (ParamFields){.n_keep = p->n_keep, .embed_flash = e->embed_flash, .cpu_count = e->enabled_cpus_num,
                         .cpu_mask = e->enabled_cpus_mask, .n_batch = e->n_batch, .cross_attn = e->use_cross_attn,
                         .ignore_eos = *(const unsigned char *)&p->ignore_eos_token};
}

void param_fields_set(RKLLMParam *p, const ParamFields *f)
{
    p->n_keep = f->n_keep;
    p->extend_param.embed_flash = (int8_t)f->embed_flash;
    p->extend_param.enabled_cpus_num = (int8_t)f->cpu_count;
    p->extend_param.enabled_cpus_mask = f->cpu_mask;
    p->extend_param.n_batch = (uint8_t)f->n_batch;
    p->extend_param.use_cross_attn = (int8_t)f->cross_attn;
    p->ignore_eos_token = f->ignore_eos != 0;
}

InputFields input_fields(const RKLLMInput *input)
{
    const RKLLMMultiModalInput *m = &input->multimodal_input;
    return (InputFields){.role = input->role, .thinking = *(const unsigned char *)&input->enable_thinking,
                         .image_embed = m->image.image_embed, .n_image = m->image.n_image,
                         .n_image_tokens = m->image.n_image_tokens, .image_width = m->image.image_width,
                         .image_height = m->image.image_height, .image_start = m->image.image_start,
                         .image_end = m->image.image_end, .image_content = m->image.image_content};
}

InferFields infer_fields(const RKLLMInferParam *p)
{
    return (InferFields){.keep_history = p->keep_history, .max_new_tokens = p->max_new_tokens,
                         .sampling = (const Sampling *)p->sampling_params};
}

Callbacks callbacks_read(InitCallback third)
{
    return (Callbacks){
        .result = (void *)third->result_callback, .result_userdata = third->result_userdata,
        .tokenizer = third->tokenizer_callback, .tokenizer_userdata = third->tokenizer_userdata,
        .embed = third->embed_callback, .embed_userdata = third->embed_userdata,
    };
}

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
