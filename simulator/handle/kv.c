// kv.c - the KV cache as a list of token ids: history, common prefix, sliding window, prompt cache files.
#include "sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_MAGIC "SIMCACHE"
typedef struct { char magic[8], version[24]; int32_t count; } CacheHeader;

// The window never stops a generation: the older half behind n_keep goes, as on the board.
static void slide(Handle *h)
{
    int keep = h->n_keep < h->window ? h->n_keep : 0, drop = (h->kv_len - keep) / 2;
    if (drop < 1)
        drop = 1, keep = 0;
    memmove(h->kv + keep, h->kv + keep + drop, (size_t)(h->kv_len - keep - drop) * sizeof *h->kv);
    h->kv_len -= drop;
    if (h->history_len > h->kv_len)
        h->history_len = h->kv_len;
}

void kv_push(Handle *h, int32_t id)
{
    if (h->kv_len == h->window)
        slide(h);
    h->kv[h->kv_len++] = id;
}

// Takes the prompt into the cache; what it shares with the cached tokens needs no work.
int kv_prefill(Run *r)
{
    Handle *h = r->h;
    int n = (int)r->n_ids, usable = SIM_ABI < 10200 ? h->window - 4 : h->window;
    if (n > usable) {
#if SIM_ABI < 10200
        log_line("error: prompt gather than max context (prompt: %d tokens, max context: %d)", n, usable);
#else
        log_line("E rkllm: the length of prompt is greater than max context, prompt: %d tokens, max context: %d", n, usable);
#endif
        return -1;
    }
    while (h->history_len && h->history_len + n > h->window) {
        h->kv_len = h->history_len;
        slide(h);
    }
    int base = h->history_len, same = 0;
    if (SIM_ABI >= 10200 || h->cache_loaded)
        while (same < n && base + same < h->kv_len && h->kv[base + same] == r->ids[same])
            same++;
    memcpy(h->kv + base, r->ids, (size_t)n * sizeof *h->kv);
    h->kv_len = base + n;
    r->prefill_tokens = n - same;
    return 0;
}

// After a run: with keep_history the next prompt goes behind what is cached, otherwise it starts over
// (and may still share a prefix).
void kv_end(Run *r)
{
    Handle *h = r->h;
    h->history_len = r->rq.keep_history ? h->kv_len : 0;
    if (SIM_ABI < 10200 && !h->cache_loaded)
        h->kv_len = 0;
}

int cache_save(const Handle *h, const char *path)
{
    CacheHeader head = {.count = h->kv_len};
    memcpy(head.magic, CACHE_MAGIC, 8);
    snprintf(head.version, sizeof head.version, "%s", built_version);
    FILE *f = fopen(path, "wbe");
    if (!f)
        return -1;
    bool ok = fwrite(&head, sizeof head, 1, f) == 1 &&
              fwrite(h->kv, sizeof *h->kv, (size_t)h->kv_len, f) == (size_t)h->kv_len;
    return fclose(f) == 0 && ok ? 0 : -1;
}

int cache_load(Handle *h, const char *path)
{
    CacheHeader head;
    FILE *f = fopen(path, "rbe");
    if (!f)
        return -1;
    bool ok = fread(&head, sizeof head, 1, f) == 1 && !memcmp(head.magic, CACHE_MAGIC, 8) &&
              !strncmp(head.version, built_version, sizeof head.version) && head.count >= 0 && head.count <= h->window &&
              fread(h->kv, sizeof *h->kv, (size_t)head.count, f) == (size_t)head.count;
    fclose(f);
    if (!ok)
        return -1;
    h->kv_len = head.count;
    h->history_len = 0;
    h->cache_loaded = true;
    return 0;
}
