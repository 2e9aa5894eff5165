// sim.h - the simulator's own types. A Handle owns everything of one rkllm_init; a Run is one rkllm_run.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "abi/abi.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/faults.h"
#include "base/json.h"
#include "base/log.h"
#include "base/message.h"
#include "base/settings.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/version.h"
#include "base/violation.h"
#include <pthread.h>
#include <regex.h>
#include <stdatomic.h>
#include <sys/types.h>

// ---- model.c: the model file, read once by init
typedef struct { const char *text; int len, next; } Piece;      // next: same first byte, longest first
typedef struct { regex_t match, find; bool has_match, has_find; const Json *spec; } Rule;

typedef struct {
    Json *json;                         // owns every string below
    const char *toolkit, *platform, *dtype, *template, *system, *fault, *eos;
    int cores, ctx_limit, vocab, embd, eos_id;
    bool tokenizer, embedding;          // false: 1.3 wants the host's callbacks
    double prefill_ms, decode_ms, memory_mb;
    Piece *pieces;                      // ids 256..256+n_pieces-1
    int n_pieces, first[256], *index, index_mask;
    Rule *rules;
    int n_rules;
} Model;

typedef enum { MODEL_OK, MODEL_MISSING, MODEL_FOREIGN } ModelStatus;
ModelStatus model_load(Model *m, const char *path);
void model_free(Model *m);

// ---- tokens.c: ids 0..255 are bytes, then the model's pieces, then hashes
int32_t token_id(const Model *m, const char *text, size_t len);
size_t token_cut(const Model *m, const char *text, size_t len); // length of the first token of a reply
int32_t *tokens_encode(const Model *m, const char *text, size_t len, size_t *count); // malloc
void tokens_decode(const Model *m, const int32_t *ids, size_t count, Buf *out);
float *vectors(const int32_t *ids, size_t count, int dim);     // malloc, count*dim, each row of norm 1

// ---- reply.c: what will be emitted, one token at a time
typedef struct { int32_t id; const char *text; size_t len; long delay_us; bool raw, null_text; } Token;
typedef enum { REPLY_TEXT, REPLY_LIST, REPLY_COUNT, REPLY_SAME } ReplyKind;
typedef struct {
    ReplyKind kind;
    char *lead;                         // text before the body: thinking, a stale tail
    size_t lead_len, lead_pos;
    char *text;                         // TEXT: whole reply; LIST: tokens joined; SAME: the token
    size_t len, pos;
    uint32_t *ends;                     // LIST: end of each token in text
    int32_t *ids;                       // LIST: its id, or -1
    long count, done;                   // tokens (LIST, COUNT, SAME; -1 for ever) or repetitions (TEXT)
    long delay_us;                      // -1: the model's decode time, scaled by SPEED
    bool raw;                           // bytes as they are: no UTF-8 assembly
    char scratch[24];
} Reply;
void reply_text(Reply *r, const char *text, size_t len);
void reply_same(Reply *r, const char *text, long count);
void reply_push(Reply *r, const char *bytes, size_t len, int32_t id);   // LIST: one more token
void reply_lead(Reply *r, const char *text, size_t len);
bool reply_next(Reply *r, const Model *m, Token *out);
void reply_rewind(Reply *r);
void reply_rest(const Reply *r, Buf *out);
void reply_free(Reply *r);

// ---- script.c, commands.c: from prompt to reply
Span last_user_message(const char *prompt, size_t len);
void script_reply(const Model *m, Span prompt, Span message, Reply *out);
bool command_reply(Span prompt, Span message, FaultSet *faults, Reply *out);

// ---- handle.c
#define HANDLE_MAGIC 0x53494d414c495645ull
typedef struct Run Run;
typedef struct Handle {
    uint64_t magic;
    struct Handle *next;                // registry; a destroyed handle stays listed so that its reuse is seen
    bool alive;
    Model model;
    int window, max_new, n_keep, n_batch;   // tokens; max_new <= 0: no bound
    bool skip_special, ignore_eos, cross_attn, broken;
    void *result_callback, *result_userdata, *tokenizer_callback, *tokenizer_userdata, *embed_callback, *embed_userdata;
    char *lora;                         // name of the loaded adapter

    pthread_mutex_t lock;               // guards running and the wake-up of a sleeping decode step
    pthread_cond_t wake;
    bool running, has_worker;
    atomic_bool abort, scrambled;
    atomic_llong abort_at_us;           // 0, or when a late abort takes effect
    pthread_t worker;                   // of the last async run; joined by the next one or by destroy

    unsigned char *page;                // results end where the guard page begins
    size_t page_len, guard_len;

    int32_t *kv;                        // window entries; only the running thread touches them
    int kv_len, history_len, system_len;
    bool cache_loaded;

    bool builtin_template;
    char *system, *prefix, *postfix;    // set_chat_template
    char *tools_system, *tools, *tool_tag;

    bool paused;                        // the next run goes on with reply
    Reply reply;
    Buf tail;                           // bytes of an unfinished character
    int batch_kv[32];                   // tokens per row of the last batched run
    char *stale;                        // fault stale_tail: what the last run left unsaid
} Handle;

Handle *handle_new(void);
bool handle_known(const Handle *h);
int handles_alive(void);
void handle_free(Handle *h);
int simulate_init(LLMHandle *out, const RKLLMParam *p, const Handle *callbacks);

// ---- run.c: one inference; request.c decodes the caller's structs
typedef struct {
    const char *role, *text, *lora, *cache_path;
    bool thinking, keep_history, save_cache, tokens_given;
    unsigned type, mode;
    const int32_t *ids;
    const float *embed;
    size_t n_ids, n_embed, n_image, n_image_tokens;
    int max_new;
    void *userdata;
} Request;
Request request_read(const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer, void *userdata);
int run_start(Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer, void *userdata, bool async);

struct Run {
    Handle *h;
    Request rq;
    FaultSet faults;
    char *prompt;                       // after the template
    size_t prompt_len;
    int32_t *ids;
    size_t n_ids;
    int prefill_tokens, emitted;
    long long begin_us, prefill_us, first_us, deadline_us;
    bool async, resumed, aborted, paused;
    int ret;
    double speed;
    void *block[2];                     // text and data of the callback before: poisoned, then freed
    size_t block_len[2];
    char shape;                         // the setting UTF8
};

// ---- prompt.c, misreply.c, kv.c, batch.c
int run_prompt(Run *r);                 // fills prompt, ids and the reply; -1: the run is refused
void misreply(Run *r);
void stale_remember(Run *r);            // fault stale_tail
int kv_prefill(Run *r);                 // -1: does not fit
void kv_push(Handle *h, int32_t id);
void kv_end(Run *r);
int cache_save(const Handle *h, const char *path);
int cache_load(Handle *h, const char *path);
int run_batch(Run *r, const RKLLMInput *input, const RKLLMInferParam *infer);

// ---- emit.c: every callback goes through here
typedef enum { SAY_GO, SAY_PAUSE, SAY_RELEASE } Answer;
Answer emit_text(Run *r, LLMCallState state, int32_t id, const char *text, size_t len);
Answer emit_token(Run *r, const Token *t);
Answer emit_floats(Run *r, bool logits, float *data, int dim, int count);
Answer emit_finish(Run *r, bool null_result);
Answer emit_rows(Run *r, const Token *rows, const bool *done, int count);
void emit_done(Run *r);

// ---- policing.c: what a careless caller would get away with on a real board
bool police_handle(const void *h, const char *call);
bool police_init(const void *out, const RKLLMParam *p, const void *third);
bool police_run(const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer);
bool police_text(const char *text, const char *what);
RKLLMParam default_param(void);

// ---- exports.c, exports12.c
#define EXPORT __attribute__((visibility("default")))
#define HANDLE_OR_FAIL(handle) \
    if (!police_handle(handle, __func__)) \
        return -1; \
    Handle *h = handle

// ---- init_log.c, perf_log.c, call_trace.c
void log_init(const Handle *h, const RKLLMParam *p);
void log_perf(const Run *r);
void trace_init(const RKLLMParam *p, const void *third);
void trace_run(const char *call, const Handle *h, const RKLLMInput *input, const RKLLMInferParam *infer,
               const void *userdata);

// ---- abort.c
void wait_until(Handle *h, long long deadline_us, bool abortable);
bool abort_due(Handle *h);
