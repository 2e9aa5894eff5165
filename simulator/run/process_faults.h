// process_faults.h - run faults that end or block the process, or end the run with an error.
#pragma once
#include "run/run_state.h"

void hang(void);                        // never returns
bool process_faults(Run *r);            // called before each token; true if an ERROR callback ended the run
