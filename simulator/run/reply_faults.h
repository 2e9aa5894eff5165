// reply_faults.h - run faults that change the reply, or leave something behind.
#pragma once
#include "run/run_state.h"

void reply_faults_apply(Run *r);        // after the reply is chosen
void reply_faults_end(Run *r);          // fault stale_tail: keeps what was not said for the next run
