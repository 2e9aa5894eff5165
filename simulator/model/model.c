// model.c - the model file: the line "RKSIMULATOR1", then one JSON object. Any other file is not a model.
#include "model/model.h"
#include "base/message.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// Returns the length of the first line if the file is a model file, else 0.
static size_t magic(const char *bytes, size_t len)
{
    static const char *const lines[] = {"RKSIMULATOR1\n", "RKSTAND1\n"};   // the current and the former magic line
    for (size_t i = 0; bytes && i < sizeof lines / sizeof *lines; i++) {
        size_t n = strlen(lines[i]);
        if (len >= n && !memcmp(bytes, lines[i], n))
            return n;
    }
    return 0;
}

// Returns the text of the file up to its first NUL, and the size of the file. A file may be padded with NULs, so that it has
// the size of a real model.
static char *read_file(const char *path, long long *size)
{
    struct stat status;
    FILE *f = fopen(path, "rbe");
    if (!f)
        return NULL;
    Buf b = {0};
    char chunk[65536];
    size_t got;
    buf_put(&b, "", 0);
    while (b.n < 64u << 20 && (got = fread(chunk, 1, sizeof chunk, f)) > 0) {
        buf_put(&b, chunk, strnlen(chunk, got));
        if (!magic(b.p, b.n) || strnlen(chunk, got) < got)
            break;                      // a real model file has gigabytes; its first bytes show that it is not one of ours
    }
    *size = fstat(fileno(f), &status) ? 0 : status.st_size;
    fclose(f);
    return b.p;
}

static uint64_t hash_of_file(const char *text)
{
    uint64_t h = 14695981039346656037ull;
    while (*text)
        h = (h ^ (unsigned char)*text++) * 1099511628211ull;
    return h;
}

static int length(const Json *list)
{
    int n = 0;
    for (const Json *j = list ? list->child : NULL; j; j = j->next)
        n++;
    return n;
}

// A piece is a string, or an object with text, id and special.
static void add_piece(Model *m, const Json *piece)
{
    const Json *text = piece->kind == JSON_OBJECT ? json_get(piece, "text") : piece;
    int32_t id = piece->kind == JSON_OBJECT ? (int32_t)json_number(piece, "id", -1) : -1;
    bool special = piece->kind == JSON_OBJECT && json_number(piece, "special", 0) != 0;
    tokenizer_add(&m->tokenizer, text && text->text ? text->text : "", text ? text->len : 0, id, special);
}

static void read_pieces(Model *m, const Json *list)
{
    tokenizer_new(&m->tokenizer, length(list), m->vocab);
    for (const Json *j = list ? list->child : NULL; j; j = j->next)
        add_piece(m, j);
}

static bool compile(regex_t *re, const char *pattern, int flags)
{
    int error = regcomp(re, pattern, REG_EXTENDED | flags);
    if (error) {
        char text[200];
        regerror(error, re, text, sizeof text);
        message("MODEL", "bad pattern %s: %s", pattern, text);
    }
    return !error;
}

static void read_rules(Model *m, const Json *list)
{
    m->rules = calloc((size_t)length(list) + 1, sizeof *m->rules);
    if (!m->rules)
        abort();
    for (const Json *j = list ? list->child : NULL; j; j = j->next) {
        Rule *rule = &m->rules[m->n_rules++];
        const char *match = json_text(j, "match", NULL), *find = json_text(j, "find", NULL);
        rule->spec = j;
        rule->has_match = match && compile(&rule->match, match, REG_ICASE);
        rule->has_find = find && compile(&rule->find, find, 0);
    }
}

ModelStatus model_load(Model *m, const char *path)
{
    long long size;
    char *file = read_file(path, &size);
    memset(m, 0, sizeof *m);
    if (!file)
        return MODEL_MISSING;
    size_t len = strlen(file), begin = magic(file, len);
    uint64_t id = hash_of_file(file);
    if (begin) {
        m->json = json_parse(file + begin, len - begin);
        if (!m->json)
            message("MODEL", "%s: the text after the first line is not JSON", path);
    }
    free(file);
    if (!m->json)
        return MODEL_FOREIGN;
    const Json *j = m->json;
    m->toolkit = json_text(j, "toolkit_version", "1.2.3");
    m->platform = json_text(j, "target_platform", "RK3588");
    m->dtype = json_text(j, "dtype", "W8A8");
    m->template = json_text(j, "template", "chatml");
    m->system = json_text(j, "system", "");
    m->fault = json_text(j, "fault", NULL);
    m->arch = json_text(j, "arch", "qwen2");
    m->eos = json_text(j, "eos", "<|im_end|>");
    m->cores = (int)json_number(j, "npu_core_num", 3);
    m->ctx_limit = (int)json_number(j, "max_context_limit", 4096);
    m->vocab = (int)json_number(j, "vocab", 4096);
    m->embd = (int)json_number(j, "embd", 128);
    m->kv_bytes = (int)json_number(j, "kv_bytes_per_token", 28688);
    m->image_outputs = (int)json_number(j, "image_outputs", 1);
    m->image_px = (int)json_number(j, "image_px_per_token", 0);
    m->image_error = (int)json_number(j, "image_error_return", 0);
    m->has_tokenizer = json_number(j, "tokenizer", 1) != 0;
    m->has_embedding = json_number(j, "embedding", 1) != 0;
    m->skips_special = json_number(j, "skips_special", 1) != 0;
    m->prefill_ms = json_number(j, "prefill_ms_per_token", 2.95);
    m->decode_ms = json_number(j, "decode_ms_per_token", 59.9);
    m->memory_mb = json_number(j, "memory_mb", 1659.15);
    m->bytes = json_get(j, "memory_mb") ? (long long)(m->memory_mb * (1 << 20)) : size;
    m->id = id;
    read_pieces(m, json_get(j, "pieces"));
    read_rules(m, json_get(j, "script"));
    m->eos_id = tokenizer_id(&m->tokenizer, m->eos, strlen(m->eos));
    return MODEL_OK;
}

void model_free(Model *m)
{
    for (int i = 0; i < m->n_rules; i++) {
        if (m->rules[i].has_match)
            regfree(&m->rules[i].match);
        if (m->rules[i].has_find)
            regfree(&m->rules[i].find);
    }
    free(m->rules);
    tokenizer_free(&m->tokenizer);
    json_free(m->json);
    memset(m, 0, sizeof *m);
}
