// clock.c - see clock.h.
#include "base/clock.h"
#include "base/settings.h"
#include <errno.h>
#include <stdlib.h>
#include <time.h>

double clock_speed(void)
{
    double speed = strtod(setting(SETTING_SPEED, "1"), NULL);
    return speed > 0 ? speed : 0;
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
