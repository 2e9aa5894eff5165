// defaults.c - see defaults.h.
#include "api/defaults.h"
#include "abi/fields.h"
#include "base/settings.h"
#include <string.h>

RKLLMParam default_param(void)
{
    RKLLMParam p;
    memset(&p, setting_is(SETTING_PADDING, "dirty") ? 0xa5 : 0, sizeof p);
    bool odd = setting_is(SETTING_DEFAULTS, "odd");
    p.model_path = NULL;
    p.max_context_len = p.max_new_tokens = 512;
    p.top_k = 40;
    p.top_p = odd ? 0 : 0.9f;
    p.temperature = 0.8f;
    p.repeat_penalty = 1.1f;
    p.frequency_penalty = p.presence_penalty = 0;
    p.mirostat = 0;
    p.mirostat_tau = 5;
    p.mirostat_eta = 0.1f;
    p.skip_special_token = *setting(SETTING_SKIP_SPECIAL, "") == '1';
    p.is_async = false;
    p.extend_param.base_domain_id = 0;
    ParamFields more = {.cpu_count = 4, .cpu_mask = odd ? 0 : 0xf0, .n_batch = 1,
                        .image_start = "<img>", .image_end = "</img>", .image_content = "<unk>"};
    param_fields_set(&p, &more);
    return p;
}
