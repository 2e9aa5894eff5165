// process_faults.c - see process_faults.h.
#include "run/process_faults.h"
#include "base/log.h"
#include "node/npu.h"
#include "run/emit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void hang(void)
{
    for (;;)
        pause();
}

// Whether the fault occurs before the next token. Its argument is the number of that token, from 1.
static bool before_token(const Run *r, Fault f)
{
    return faulty(&r->faults, f) && fault_number(&r->faults, f, 1) == r->emitted + 1;
}

static void end_process(Run *r)
{
    if (before_token(r, FAULT_segv))
        crash();
    if (before_token(r, FAULT_abort)) {
        fputs("terminate called after throwing an instance of 'std::runtime_error'\n  what():  npu task timeout\n", stderr);
        abort();
    }
    if (before_token(r, FAULT_orphan)) {
        if (!fork()) {
            npu_leave(r->npu);          // the run ends with its own process
            sleep(4);
            _exit(0);
        }
        crash();
    }
    if (before_token(r, FAULT_exit)) {
        log_line("E RKNN: failed to submit, giving up");
        exit(0);
    }
    if (before_token(r, FAULT_hang) && strcmp(fault_arg(&r->faults, FAULT_hang), "prefill"))
        hang();
}

bool process_faults(Run *r)
{
    if (!r->faults.any)
        return false;
    end_process(r);
    if (!faulty(&r->faults, FAULT_error_state) || fault_number(&r->faults, FAULT_error_state, 0) != r->emitted)
        return false;
    emit_text(r, RKLLM_RUN_ERROR, 0, NULL, 0);
    r->ret = strstr(fault_arg(&r->faults, FAULT_error_state), "minus1") ? -1 : 0;
    return true;
}
