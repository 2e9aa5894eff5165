// context.c - see context.h. Hosts may call from several threads, one call at a time for each context.
#include "rknn/context.h"
#include "node/ledger.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static Context *registry;

Context *context_new(const EncoderFile *file)
{
    Context *c = calloc(1, sizeof *c);
    if (!c || !(c->rgb = malloc((size_t)file->px * (size_t)file->px * 3)))
        abort();
    c->file = *file;
    c->alive = true;
    pthread_mutex_lock(&registry_lock);
    c->next = registry;
    registry = c;
    pthread_mutex_unlock(&registry_lock);
    return c;
}

Context *context_find(rknn_context id)
{
    Context *found = NULL;
    pthread_mutex_lock(&registry_lock);
    for (Context *c = registry; c; c = c->next)
        if ((rknn_context)(uintptr_t)c == id && c->alive)
            found = c;
    pthread_mutex_unlock(&registry_lock);
    return found;
}

int contexts_alive(void)
{
    int n = 0;
    pthread_mutex_lock(&registry_lock);
    for (const Context *c = registry; c; c = c->next)
        n += c->alive;
    pthread_mutex_unlock(&registry_lock);
    return n;
}

int context_held(const Context *c)
{
    int n = 0;
    for (int i = 0; i < MAX_OUTPUTS; i++)
        n += c->held[i] != NULL;
    return n;
}

void context_release(Context *c, int output)
{
    if (!c->held[output])
        return;
    memset(c->held[output], 0xdd, c->held_len[output]);
    free(c->held[output]);
    c->held[output] = NULL;
}

void context_free(Context *c)
{
    pthread_mutex_lock(&registry_lock);
    c->alive = false;
    pthread_mutex_unlock(&registry_lock);
    ledger_remove(c->ledger_number);
    for (int i = 0; i < MAX_OUTPUTS; i++)
        context_release(c, i);
    free(c->rgb);
    c->rgb = NULL;
}
