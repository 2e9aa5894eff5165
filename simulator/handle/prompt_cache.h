// prompt_cache.h - files with the content of the KV cache. A file has the size that the vendor's library would write.
#pragma once
#include "base/faults.h"
#include "handle/handle.h"

// At the end of a run. path NULL: ./prompt_cache.bin. Returns 0, also if the model cannot be saved; -1 if the file cannot be
// written completely.
int prompt_cache_save(Handle *h, const char *path, bool aborted);
int prompt_cache_load(Handle *h, const char *path, const FaultSet *faults);     // 0 or -1
void prompt_cache_release(Handle *h);
