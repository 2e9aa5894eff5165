// reply_faults.h - run faults that change the reply, leak memory or affect the next run.
#pragma once
#include "run/run_state.h"

void reply_faults_apply(Run *r);        // after the reply is chosen
void reply_faults_end(Run *r);          // fault stale_tail: keeps the rest of the reply for the next run
