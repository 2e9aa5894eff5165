// ledger.h - the models that the processes of the node have loaded. A model takes memory of the node (setting MEMORY) and
// address space of NPU domains, 4 GB each: it begins in its base domain and continues in the following ones.
#pragma once

// Enters a model. Returns a number for ledger_remove; 0 without a node; -1 if the model does not fit. Models of processes
// that have ended do not count.
long ledger_add(int domain, long long bytes);
void ledger_remove(long number);        // accepts 0
void ledger_kill_first(void);           // fault first_killed: SIGTERM to the process with the oldest model of the others
