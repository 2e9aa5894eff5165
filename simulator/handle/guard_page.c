// guard_page.c - see guard_page.h.
#include "handle/guard_page.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void guard_page_new(GuardPage *g, size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    g->len = (len + page - 1) / page * page;
    g->guard_len = page;
    g->bytes = mmap(NULL, g->len + g->guard_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g->bytes == MAP_FAILED || mprotect(g->bytes + g->len, g->guard_len, PROT_NONE))
        abort();
}

void *guard_page_tail(const GuardPage *g, size_t len) { return memset(g->bytes + g->len - len, 0, len); }

void guard_page_free(GuardPage *g) { munmap(g->bytes, g->len + g->guard_len); }
