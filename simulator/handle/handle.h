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
    struct Handle *next;                // registry; a destroyed handle stays listed, so that its reuse is recognized
    bool alive;
    bool broken;                        // fault init0_broken
    Model model;
    Callbacks callbacks;
    int max_new, n_batch;               // max_new: tokens; <= 0: no limit
    bool skip_special, ignore_eos, cross_attn;
    ChatTemplate template;
    KvCache kv;
    GuardPage results;                  // room for MAX_BATCH results
    char *lora;                         // name of the loaded adapter

    pthread_mutex_t lock;               // guards running and has_worker
    pthread_cond_t wake;                // the end of a run, or an abort
    bool running, has_worker;
    pthread_t worker;                   // of the last async run; joined by the next one or by destroy
    atomic_bool abort, scrambled;       // scrambled: a second run is waiting, so this one emits garbage
    atomic_llong abort_at_us;           // 0, or when a late abort takes effect

    bool paused;                        // the next run continues with reply
    Reply reply;
    Buf tail;                           // bytes of an unfinished character
    int batch_kv[MAX_BATCH];            // tokens per row of the last batched run
    char *stale;                        // fault stale_tail: what the last run did not say
} Handle;

Handle *handle_new(void);
bool handle_known(const Handle *h);     // made by handle_new and not freed
int handles_alive(void);
bool handle_running(Handle *h);
void handle_clear(Handle *h, bool keep_system);     // the cache and a paused run
void handle_free(Handle *h);            // waits for the end of an async run
