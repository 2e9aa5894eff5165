// kv.c - see kv.h.
#include "handle/kv.h"
#include "abi/facts.h"
#include "base/log.h"
#include <stdlib.h>
#include <string.h>

void kv_new(KvCache *kv, int window, int keep)
{
    *kv = (KvCache){.window = window, .keep = keep};
    kv->ids = malloc((size_t)(window + 1) * sizeof *kv->ids);
    if (!kv->ids)
        abort();
}

// Makes room in a full window: drops the older half of the tokens after the kept ones. So a full window does not end a
// generation, as on a board.
static void slide(KvCache *kv)
{
    int keep = kv->keep < kv->window ? kv->keep : 0, drop = (kv->len - keep) / 2;
    if (drop < 1) {
        drop = 1;
        keep = 0;
    }
    kv_remove(kv, keep, keep + drop);
    if (kv->history_len > kv->len)
        kv->history_len = kv->len;
}

void kv_push(KvCache *kv, int32_t id)
{
    if (kv->len == kv->window)
        slide(kv);
    kv->ids[kv->len++] = id;
}

int kv_prefill(KvCache *kv, const int32_t *ids, size_t count, bool keep_history)
{
    int n = (int)count, usable = kv->window - abi_facts->context_reserve;
    if (n > usable) {
        log_line(abi_facts->prefixed_log
                     ? "E rkllm: the length of prompt is greater than max context, prompt: %d tokens, max context: %d"
                     : "error: prompt gather than max context (prompt: %d tokens, max context: %d)", n, usable);
        return -1;
    }
    while (kv->history_len && kv->history_len + n > kv->window) {
        kv->len = kv->history_len;
        slide(kv);
    }
    int base = kv->history_len, same = 0;
    if (abi_facts->prefix_reuse || kv->from_file)
        while (same < n && base + same < kv->len && kv->ids[base + same] == ids[same])
            same++;
    if (same && kv->no_reuse)
        log_line("W rkllm: Current model does not support kv cache reuse. clearing all caches.");
    if (kv->no_reuse || (kv->from_file && keep_history))
        same = 0;
    if (n)
        memcpy(kv->ids + base, ids, (size_t)n * sizeof *kv->ids);
    kv->len = base + n;
    return n - same;
}

// With history, the next prompt is appended to the cache. Without, it replaces the cache and may reuse a common prefix.
void kv_end_run(KvCache *kv, bool keep_history)
{
    kv->history_len = keep_history ? kv->len : 0;
    if (!abi_facts->prefix_reuse && !kv->from_file)
        kv->len = 0;
}

void kv_clear(KvCache *kv, bool keep_system)
{
    kv->len = keep_system && kv->system_len < kv->len ? kv->system_len : 0;
    kv->history_len = kv->len;
}

void kv_remove(KvCache *kv, int from, int to)
{
    memmove(kv->ids + from, kv->ids + to, (size_t)(kv->len - to) * sizeof *kv->ids);
    kv->len -= to - from;
}

void kv_restore(KvCache *kv, int count)
{
    kv->len = count;
    kv->history_len = 0;
    kv->from_file = true;
}

void kv_free(KvCache *kv)
{
    free(kv->ids);
    *kv = (KvCache){0};
}
