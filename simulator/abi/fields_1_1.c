// fields_1_1.c - fields.h for 1.1.x.
#include "abi/fields.h"
#if SIM_ABI == 10100

ParamFields param_fields(const RKLLMParam *p)
{
    return (ParamFields){.cpu_count = 4, .cpu_mask = 0xf0, .n_batch = 1,
                         .image_start = p->img_start, .image_end = p->img_end, .image_content = p->img_content};
}

void param_fields_set(RKLLMParam *p, const ParamFields *f)
{
    p->img_start = f->image_start;
    p->img_end = f->image_end;
    p->img_content = f->image_content;
}

InputFields input_fields(const RKLLMInput *input)
{
    const RKLLMMultiModelInput *m = &input->multimodal_input;
    return (InputFields){.image_embed = m->image_embed, .n_image = 1, .n_image_tokens = m->n_image_tokens};
}

InferFields infer_fields(const RKLLMInferParam *p)
{
    (void)p;
    return (InferFields){0};
}

Callbacks callbacks_read(InitCallback third) { return (Callbacks){.result = (void *)third}; }

int callback_call(const Callbacks *c, RKLLMResult *result, void *userdata, LLMCallState state)
{
    ((LLMResultCallback)c->result)(result, userdata, state);
    return 0;
}

LLMCallState result_set_hidden_layer(RKLLMResult *r, const float *data, int dim, int count)
{
    r->last_hidden_layer = (RKLLMResultLastHiddenLayer){data, dim, count};
    return RKLLM_RUN_GET_LAST_HIDDEN_LAYER;
}

LLMCallState result_set_logits(RKLLMResult *r, const float *data, int dim, int count)
{
    (void)r;
    (void)data;
    (void)dim;
    (void)count;
    return RKLLM_RUN_GET_LAST_HIDDEN_LAYER;
}

void result_set_perf(RKLLMResult *r, const PerfFields *f)
{
    (void)r;
    (void)f;
}
#endif
