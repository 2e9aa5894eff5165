// clock.h - time. What the board would need is scaled by the setting SPEED: 1 a board, 10 ten times faster, 0 no waiting.
#pragma once

double clock_speed(void);               // 0: no waiting at all
long long now_us(void);                 // monotonic
void sleep_ms(double ms);               // fault delays: not scaled, not woken
