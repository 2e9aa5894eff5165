// clock.c - model time: scaled by RKLLM_STANDIN_SPEED (1 a board, 10 ten times faster, 0 no waiting).
#include "sim.h"
#include <errno.h>
#include <stdlib.h>
#include <time.h>

double speed(void)
{
    const char *s = getenv("RKLLM_STANDIN_SPEED");
    double v = s && *s ? strtod(s, NULL) : 1;
    return v > 0 ? v : 0;
}

long long now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

void sleep_ms(double ms)
{
    struct timespec t = {(time_t)(ms / 1000), 0};
    t.tv_nsec = (long)((ms - (double)t.tv_sec * 1000) * 1e6);
    while (nanosleep(&t, &t) && errno == EINTR)
        ;
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
