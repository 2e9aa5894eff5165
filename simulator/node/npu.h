// npu.h - the NPU of the node, which executes one run at a time. A host must not start a run while another process or handle
// executes one. The lock is a file, so that the death of a process ends its run.
#pragma once
#include <stdbool.h>

// Begins a run. If another run is active, reports a violation, then does what the setting OVERLAP says: waits for its end,
// aborts the process, or never returns. Returns a file descriptor for npu_leave; -1 without a node.
int npu_enter(void);

// Begins a run, as npu_enter. But with OVERLAP=wait, returns false during another run, after the report.
bool npu_try_enter(int *npu);
void npu_leave(int npu);                // accepts -1
