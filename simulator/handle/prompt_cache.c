// prompt_cache.c - see prompt_cache.h. A file has a header, one row of logits, then the KV entries of each token. Logits and
// KV entries are zero, except that the KV part begins with the token ids. As in the vendor's files, word 2 is their number.
#include "handle/prompt_cache.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/log.h"
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "SIMCACHE"
#define HEADER_BYTES 294
#define BYTES_PER_MS 200000.0           // 200 MB/s, scaled by the setting SPEED

typedef struct { char magic[8]; int32_t count, vocab; uint64_t model; char version[24]; } Header;
_Static_assert(offsetof(Header, count) == 8 && sizeof(Header) <= HEADER_BYTES, "word 2 is the number of tokens");

static atomic_bool aborted_save;        // an aborted run of this process has saved a file

static off_t kv_at(const Model *m) { return HEADER_BYTES + (off_t)m->vocab * 4; }
static off_t file_bytes(const Model *m, int count) { return kv_at(m) + count * (off_t)m->kv_bytes; }

static void transfer_wait(off_t bytes)
{
    double speed = clock_speed();
    if (speed > 0)
        sleep_ms((double)bytes / BYTES_PER_MS / speed);
}

static bool is_arch(const Handle *h, const char *arch) { return !strncmp(h->model.arch, arch, strlen(arch)); }

static bool write_cache(const Handle *h, int fd)
{
    const Model *m = &h->model;
    const KvCache *kv = &h->kv;
    size_t ids = (size_t)kv->len * sizeof *kv->ids;
    Header head = {.count = kv->len, .vocab = m->vocab, .model = m->id};
    memcpy(head.magic, MAGIC, sizeof head.magic);
    snprintf(head.version, sizeof head.version, "%s", runtime_version());
    return !posix_fallocate(fd, 0, file_bytes(m, kv->len)) && pwrite(fd, &head, sizeof head, 0) == (ssize_t)sizeof head &&
        pwrite(fd, kv->ids, ids, kv_at(m)) == (ssize_t)ids;
}

int prompt_cache_save(Handle *h, const char *path, bool aborted)
{
    if (is_arch(h, "rwkv")) {
        log_line("W rkllm: The rwkv model does not support loading/saving prompt cache!");
        return 0;
    }
    if (is_arch(h, "qwen35")) {
        log_line("W rkllm: The qwen35 model does not support saving prompt cache!");
        return 0;
    }
    if (!path) {
        path = "./prompt_cache.bin";
        log_line("I rkllm: prompt_cache_save_path is null, save prompt cache to %s", path);
    }
    if (aborted)
        atomic_store(&aborted_save, true);
    transfer_wait(file_bytes(&h->model, h->kv.len));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && write_cache(h, fd);
    if (fd >= 0)
        close(fd);
    if (ok)
        log_line("I rkllm: saved prompt cache to %s", path);
    else
        log_line("E rkllm: failed to save prompt cache to %s", path);
    return ok ? 0 : -1;
}

// Reads the file into the KV cache. If it is not valid for this handle, logs the reason and returns false.
static bool restore(Handle *h, int fd, off_t size, const FaultSet *faults)
{
    const Model *m = &h->model;
    Header head;
    if (pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head || memcmp(head.magic, MAGIC, sizeof head.magic) ||
        strncmp(head.version, runtime_version(), sizeof head.version))
        return false;
    if (head.model != m->id || head.vocab != m->vocab) {
        log_line("E rkllm: the prompt dose not match the current model[%s]", m->arch);
        return false;
    }
    if (head.count < 0 || head.count > h->kv.window)
        return false;
    bool complete = size == file_bytes(m, head.count);
    if (!complete && faulty(faults, FAULT_cache_segv))
        crash();
    size_t bytes = (size_t)head.count * sizeof *h->kv.ids;
    if (!complete || pread(fd, h->kv.ids, bytes, kv_at(m)) != (ssize_t)bytes)
        return false;
    kv_restore(&h->kv, head.count);
    return true;
}

int prompt_cache_load(Handle *h, const char *path, const FaultSet *faults)
{
    struct stat status;
    if (is_arch(h, "rwkv")) {
        log_line("W rkllm: The rwkv model does not support loading/saving prompt cache!");
        return 0;
    }
    bool any = faulty(faults, FAULT_cache_segv) && !strcmp(fault_arg(faults, FAULT_cache_segv), "any");
    if (any || (faulty(faults, FAULT_cache_after_abort) && atomic_load(&aborted_save)))
        crash();
    log_line("I rkllm: load prompt cache from '%s'", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status)) {
        log_line("E rkllm: prompt cache file '%s' does not exist", path);
        return -1;
    }
    if (!status.st_size)
        log_line("E rkllm: prompt cache file '%s' is empty", path);
    transfer_wait(status.st_size);
    bool ok = status.st_size && !h->kv.from_file && restore(h, fd, status.st_size, faults);
    close(fd);
    if (ok)
        log_line("I rkllm: loaded a prompt cache with prompt size of %d tokens", h->kv.len);
    else
        log_line("E rkllm: failed to load prompt cache from %s", path);
    return ok ? 0 : -1;
}

void prompt_cache_release(Handle *h)
{
    h->kv.from_file = false;
    kv_clear(&h->kv, false);
}
