// clock.h - time. The setting SPEED scales simulated times: 1 is the speed of a board, 10 is ten times faster, 0 never waits.
#pragma once

double clock_speed(void);               // the setting SPEED; 0 if it is not a positive number
long long now_us(void);                 // monotonic
void sleep_ms(double ms);               // for faults: not scaled by SPEED, an abort does not end it
