// kv.h - the KV cache as a list of token ids: history, common prefix, sliding window.
// Only the thread of the active run uses it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int32_t *ids;                       // room for window ids
    int window, keep;                   // in tokens; if the window slides, the first keep tokens stay
    int len, history_len;               // in tokens; the next prompt is appended to the history
    int system_len;                     // number of tokens of the system prompt, at the beginning
    bool from_file;                     // loaded by rkllm_load_prompt_cache; a run that keeps the history does not reuse it
    bool no_reuse;                      // the model cannot reuse a prefix
} KvCache;

void kv_new(KvCache *kv, int window, int keep);
int kv_prefill(KvCache *kv, const int32_t *ids, size_t count, bool keep_history);   // number of tokens not in the cache; -1 if too many
void kv_push(KvCache *kv, int32_t id);
void kv_end_run(KvCache *kv, bool keep_history);
void kv_clear(KvCache *kv, bool keep_system);
void kv_remove(KvCache *kv, int from, int to);
void kv_restore(KvCache *kv, int count);                        // ids has count tokens of a prompt cache file
void kv_free(KvCache *kv);
