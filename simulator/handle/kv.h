// kv.h - the KV cache as a list of token ids: history, common prefix, sliding window, prompt cache files.
// Only the running thread touches it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int32_t *ids;                       // window entries
    int window, keep;                   // tokens; the first keep of them stay if the window slides
    int len, history_len;               // history: the next prompt is appended to it
    int system_len;                     // tokens of the system prompt, at the beginning
    bool from_file;                     // loaded by rkllm_load_prompt_cache
} KvCache;

void kv_new(KvCache *kv, int window, int keep);
int kv_prefill(KvCache *kv, const int32_t *ids, size_t count);  // tokens that are not cached yet; -1: too many, logged
void kv_push(KvCache *kv, int32_t id);
void kv_end_run(KvCache *kv, bool keep_history);
void kv_clear(KvCache *kv, bool keep_system);
void kv_remove(KvCache *kv, int from, int to);
int kv_save(const KvCache *kv, const char *path);               // 0 or -1
int kv_load(KvCache *kv, const char *path);
void kv_free(KvCache *kv);
