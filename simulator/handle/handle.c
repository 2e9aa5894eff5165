// handle.c - the registry of handles. Destroyed handles stay in it, so that a second destroy or a late call is detected
// and does not read freed memory. Each takes a few hundred bytes.
#include "handle/handle.h"
#include "node/ledger.h"
#include <stdlib.h>

#define ALIVE_MAGIC 0x53494d414c495645ull
#define DEAD_MAGIC 0xddddddddddddddddull

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static Handle *registry;

Handle *handle_new(void)
{
    Handle *h = calloc(1, sizeof *h);
    pthread_condattr_t attr;
    if (!h)
        abort();
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->wake, &attr);
    pthread_condattr_destroy(&attr);
    guard_page_new(&h->results, MAX_BATCH * sizeof(RKLLMResult));
    h->magic = ALIVE_MAGIC;
    h->alive = true;
    pthread_mutex_lock(&registry_lock);
    h->next = registry;
    registry = h;
    pthread_mutex_unlock(&registry_lock);
    return h;
}

bool handle_known(const Handle *wanted)
{
    bool found = false;
    pthread_mutex_lock(&registry_lock);
    for (const Handle *h = registry; h; h = h->next)
        found |= h == wanted && h->alive && h->magic == ALIVE_MAGIC;
    pthread_mutex_unlock(&registry_lock);
    return found;
}

int handles_alive(void)
{
    int n = 0;
    pthread_mutex_lock(&registry_lock);
    for (const Handle *h = registry; h; h = h->next)
        n += h->alive;
    pthread_mutex_unlock(&registry_lock);
    return n;
}

bool handle_running(Handle *h)
{
    pthread_mutex_lock(&h->lock);
    bool running = h->running;
    pthread_mutex_unlock(&h->lock);
    return running;
}

void handle_clear(Handle *h, bool keep_system)
{
    kv_clear(&h->kv, keep_system);
    h->paused = false;
    h->tail.n = 0;
}

void handle_free(Handle *h)
{
    if (h->has_worker)
        pthread_join(h->worker, NULL);
    pthread_mutex_lock(&registry_lock);
    h->alive = false;
    h->magic = DEAD_MAGIC;
    pthread_mutex_unlock(&registry_lock);
    ledger_remove(h->ledger_number);
    guard_page_free(&h->results);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->wake);
    reply_free(&h->reply);
    model_free(&h->model);
    template_free(&h->template);
    kv_free(&h->kv);
    for (size_t i = 0; i < h->unreleased.n / sizeof(void *); i++)
        free(((void **)h->unreleased.p)[i]);
    free(h->unreleased.p);
    h->unreleased = (Buf){0};
    free(h->lora);
    free(h->image_start);
    free(h->image_end);
    free(h->image_content);
    free(h->first_view);
    free(h->stale);
    free(h->tail.p);
    h->image_start = h->image_end = h->image_content = h->first_view = NULL;
    h->lora = h->stale = NULL;
    h->tail = (Buf){0};
}
