// run_state.h - the state of one rkllm_run or rkllm_run_async, shared by the modules of this folder.
#pragma once
#include "base/faults.h"
#include "handle/handle.h"
#include "run/request.h"

typedef struct {
    Handle *h;
    Request rq;
    FaultSet faults;
    char *prompt;                       // after the template
    size_t prompt_len;
    int32_t *ids;
    size_t n_ids;
    size_t images_end;                  // number of ids up to the last token of an image; 0 without images
    int prefill_tokens, emitted;        // prefill_tokens: prompt tokens that were not in the KV cache
    long long begin_us, prefill_us, first_us, deadline_us;
    bool async, resumed, aborted, paused;
    bool rerank;                        // the prompt asks for the relevance of a document; share is the answer, from 0 to 1
    double share;
    int ret, npu;                       // npu: of npu_enter, -1 before
    double speed;
    char split_characters;              // the setting UTF8: A, B or C
    void *block[2];                     // text and data of the previous callback; owned by emit.c
    size_t block_len[2];
    bool unreleased;                    // the data is logits that the library keeps until the host releases them
} Run;
