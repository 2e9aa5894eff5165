// handle.h - everything that one rkllm_init owns.
#pragma once
#include "abi/fields.h"
#include "handle/chat_template.h"
#include "handle/guard_page.h"
#include "handle/kv.h"
#include "model/model.h"
#include "model/reply.h"
#include <pthread.h>
#include <stdatomic.h>

#define MAX_BATCH 32

typedef struct Handle {
    uint64_t magic;
    struct Handle *next;                // registry; a destroyed handle stays in it, so that its reuse is detected
    bool alive;
    bool broken;                        // fault init0_broken
    Model model;
    Callbacks callbacks;
    int max_new, n_batch;               // max_new: maximum new tokens; <= 0 means no limit
    bool skip_special, ignore_eos, cross_attn;
    ChatTemplate template;
    KvCache kv;
    GuardPage results;                  // room for MAX_BATCH results
    char *lora;                         // name of the loaded adapter
    char *image_start, *image_end, *image_content;      // of RKLLMParam, before 1.3.0
    char *first_view;                   // fault stale_image: the description of the first images
    long ledger_number;                 // of ledger_add

    pthread_mutex_t lock;               // guards running and has_worker
    pthread_cond_t wake;                // signalled at the end of a run and by an abort
    bool running, has_worker;
    pthread_t worker;                   // thread of the last async run; the next run or destroy joins it
    atomic_bool abort, scrambled;       // scrambled: a second run waits, so this run emits garbage
    atomic_llong abort_at_us;           // time at which a late abort takes effect; 0 for none

    bool paused;                        // the next run continues the reply
    Reply reply;
    Buf unreleased;                     // pointers to the logits that the host did not release
    Buf tail;                           // bytes of an unfinished character
    int batch_kv[MAX_BATCH];            // tokens per row of the last batched run
    char *stale;                        // fault stale_tail: the rest of the last run's reply
} Handle;

Handle *handle_new(void);
bool handle_known(const Handle *h);     // whether handle_new returned it and it was not freed
int handles_alive(void);
bool handle_running(Handle *h);
void handle_clear(Handle *h, bool keep_system);     // clears the KV cache and discards a paused run
void handle_free(Handle *h);            // waits for the end of an async run first
