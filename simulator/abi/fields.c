// fields.c - fields that all versions have, at different offsets.
#include "abi/fields.h"

Sampling param_sampling(const RKLLMParam *p)
{
    return (Sampling){p->top_k, p->top_p, p->temperature, p->repeat_penalty, p->frequency_penalty, p->presence_penalty,
                      p->mirostat, p->mirostat_tau, p->mirostat_eta};
}
