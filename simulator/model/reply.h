// reply.h - a reply in progress: a lead text, then a body. reply_next returns it token by token.
#pragma once
#include "base/text.h"
#include "model/tokenizer.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct { int32_t id; const char *text; size_t len; long delay_us; bool raw, null_text; } Token;
typedef enum { REPLY_TEXT, REPLY_LIST, REPLY_COUNT, REPLY_SAME } ReplyKind;

typedef struct {
    ReplyKind kind;
    char *lead;                         // text before the body: thinking, a stale tail
    size_t lead_len, lead_pos;
    char *text;                         // TEXT: the whole reply; LIST: the tokens joined; SAME: the token
    size_t len, pos;
    uint32_t *ends;                     // LIST: end of each token in text
    int32_t *ids;                       // LIST: id of each token, or -1
    long count, done;                   // number of tokens (LIST, COUNT, SAME; -1: no limit) or repetitions (TEXT)
    long delay_us;                      // -1: the model's decode time, scaled by the setting SPEED
    bool continues;                     // TEXT: the text is what comes behind the part of the answer that the prompt has
    bool raw;                           // deliver the bytes unchanged, without UTF-8 assembly
    bool spells;                        // TEXT: write the texts of control tokens in single bytes, as ordinary text
    size_t spelled;                     // position in text up to which bytes are single
    char scratch[24];
} Reply;

void reply_text(Reply *r, const char *text, size_t len);
void reply_spelled(Reply *r, const char *text, size_t len);             // text without control tokens
void reply_count(Reply *r, long count);                                 // " 1", " 2", ...
void reply_same(Reply *r, const char *text, long count);
void reply_push(Reply *r, const char *bytes, size_t len, int32_t id);   // LIST: one more token
void reply_continue(Reply *r, const char *before, size_t len);          // TEXT: drops the part that the prompt has already
void reply_lead(Reply *r, const char *text, size_t len);
bool reply_next(Reply *r, const Tokenizer *t, Token *out);              // false at the end of the reply
void reply_rewind(Reply *r);
void reply_rest(const Reply *r, Buf *out);                              // the text that is not delivered yet
void reply_free(Reply *r);
