// abort.c - see abort.h.
#include "handle/abort.h"
#include "base/clock.h"

void abort_run(Handle *h, long delay_ms)
{
    pthread_mutex_lock(&h->lock);
    if (h->running) {
        if (delay_ms)
            atomic_store(&h->abort_at_us, now_us() + 1000 * delay_ms);
        atomic_store_explicit(&h->abort, true, memory_order_release);
        pthread_cond_broadcast(&h->wake);
    }
    pthread_mutex_unlock(&h->lock);
}

bool abort_due(Handle *h)
{
    if (!atomic_load_explicit(&h->abort, memory_order_acquire))
        return false;
    long long at = atomic_load(&h->abort_at_us);
    return !at || now_us() >= at;
}

void wait_until(Handle *h, long long deadline_us, bool abortable)
{
    pthread_mutex_lock(&h->lock);
    for (;;) {
        long long until = deadline_us, late = atomic_load(&h->abort_at_us);
        if (abortable && abort_due(h))
            break;
        if (abortable && atomic_load(&h->abort) && late && late < until)
            until = late;
        if (now_us() >= deadline_us)
            break;
        struct timespec t = {until / 1000000, until % 1000000 * 1000};
        pthread_cond_timedwait(&h->wake, &h->lock, &t);
    }
    pthread_mutex_unlock(&h->lock);
}
