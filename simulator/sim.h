/* What the parts of the simulator share. One handle is one loaded model; runs on it are serial, abort comes from any thread. */
#pragma once
#define _GNU_SOURCE
#include "abi.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* json.c: a value of a small JSON document; strings are NUL-terminated UTF-8 with their length. */
typedef struct json json;
struct json {
    enum { J_NULL, J_BOOL, J_NUMBER, J_STRING, J_ARRAY, J_OBJECT } kind;
    double number;     /* J_NUMBER, J_BOOL (0 or 1) */
    char *text;        /* J_STRING */
    size_t length;     /* bytes of text; items of an array or object */
    json *items;
    char **keys;       /* J_OBJECT */
};
json *json_parse(const char *text);                     /* NULL when it is not JSON */
void json_free(json *value);
const json *json_get(const json *object, const char *key); /* NULL when absent */
double json_number(const json *object, const char *key, double fallback);
const char *json_text(const json *object, const char *key, const char *fallback);

/* buffer: bytes that grow; always NUL-terminated. */
typedef struct { char *data; size_t length, room; } buffer;
void buffer_add(buffer *b, const void *bytes, size_t length);
void buffer_text(buffer *b, const char *text);
void buffer_json(buffer *b, const char *text, size_t length); /* as a quoted JSON string */
void buffer_format(buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* tokens.c: ids 0..255 are bytes, then the model's pieces; what the script says outside them gets an id by hash. */
/* text lies at offset in the reply's buffer; delay_ms < 0 is the model's pace; raw bytes are passed on as they are. */
typedef struct { int id; int length; size_t offset; int delay_ms; bool raw; } token;
typedef struct { token *items; size_t count, room; buffer text; bool endless; } reply;

typedef struct {
    json *header;
    const json *script;
    const char *fault;
    int max_context_limit, vocab, embd, eos;
    bool has_tokenizer, has_template;
    double prefill_ms, decode_ms; /* per token */
    int piece_count;
    const char **pieces;
    int *piece_lengths;
    int *piece_table; /* open addressing by hash, -1 = empty */
    int piece_table_size;
} model;

int *encode(const model *m, const char *text, size_t length, size_t *count); /* caller frees */
void decode(const model *m, const int32_t *ids, size_t count, buffer *text);
void reply_text(const model *m, reply *r, const char *text, size_t length, int delay_ms); /* cut as a tokenizer would */
void reply_raw(reply *r, const char *bytes, size_t length, int id);                         /* one token */
void reply_free(reply *r);

/* model.c */
model *model_open(const char *path, const char **error); /* *error names the fault of F1-F3 when NULL is returned */
void model_close(model *m);

/* script.c: what the model says to a prompt. */
void script_answer(const model *m, const char *prompt, buffer *run_fault, reply *r);

/* faults.c: RKLLM_STANDIN_FAULT, the model's header, and a run's own "!fault". */
enum stage { AT_INIT, AT_RUN, AT_ABORT, AT_OTHER };
int fault_count(enum stage stage); /* which call this is, from 1 */
const char *fault(const model *m, const char *run_fault, const char *name, int call); /* its argument ("" if none), NULL when not asked for */

void crash(void);               /* SIGSEGV */
void illegal_instruction(void); /* SIGILL */

/* log.c: the vendor's log on buffered stdout, and the trace of everything received. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
int log_level(void); /* RKLLM_LOG_LEVEL */
const char *env(const char *name, const char *fallback);
const char *sim_version(void);
bool trace_on(void);
void trace_line(const char *call, const buffer *fields); /* fields: `,"key":value…` or NULL */
void trace_bytes(buffer *b, const char *key, const void *bytes, size_t length);

/* policing.c: a caller that breaks the ABI ends here; returns -1 when RKLLM_STANDIN_ABI=fail. */
int broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

#if RKSIM_ABI > 100
#define SIM_MAGIC 0x524b5331u

typedef struct {
    uint32_t magic;
    model *m;
    RKLLMParam param;          /* model_path is NULL: the caller's string is gone */
    LLMResultCallback callback;
    void *userdata;            /* 1.3: the handle's own, used when a run brings none */
    char *system, *prefix, *postfix; /* chat template in force; NULL = built in */
    char *tools;
    int *kv;                   /* ids in the cache */
    size_t kv_count;
    char *page;                /* the result lies at the end of a page whose successor cannot be read */
    char *last_text;           /* of the last callback; poisoned and freed at the next */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_int running;        /* threads inside run */
    atomic_bool aborted;
    bool broken_load;          /* init said 0 but did not mean it (F1) */
    bool paused;
    reply paused_reply;
    size_t paused_at;
    reply stale;               /* fault stale_tail: what the next run begins with */
    size_t stale_at;
    buffer run_fault;          /* asked for by the prompt of this run */
    int run_call;
    bool faulty;               /* whether any fault could strike in this run */
    char shape;                /* how characters of several tokens come: A, B or C */
} sim;

int check_init(LLMHandle *handle, const RKLLMParam *param, void *callback);
int check_run(sim *s, const RKLLMInput *input, const RKLLMInferParam *infer);
void default_param(RKLLMParam *param);
int run(sim *s, const RKLLMInput *input, const RKLLMInferParam *infer, void *userdata);
const char *run_fault(sim *s, const char *name);
void sleep_ms(sim *s, double ms, bool until_abort); /* scaled by RKLLM_STANDIN_SPEED by the caller */
double speed(void);
#endif
