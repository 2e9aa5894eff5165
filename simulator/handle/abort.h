// abort.h - waits for the simulated duration of a prefill or a token, and the abort that ends such a wait.
#pragma once
#include "handle/handle.h"

void abort_run(Handle *h, long delay_ms);                   // from any thread; does nothing if no run is active
bool abort_due(Handle *h);
void wait_until(Handle *h, long long deadline_us, bool abortable);
