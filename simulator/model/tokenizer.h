// tokenizer.h - ids 0..255 are bytes, the following ids are the model's pieces. A piece may also have an id of its own, which
// then replaces a byte with the same id. Other tokens of a reply get an id by their hash; a later prompt with the id contains
// their text. Encoding a prompt is deterministic and reversible.
#pragma once
#include "base/text.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *text;
    int len, next;                      // next: same first byte, longest first
    int32_t id;
    bool special;                       // skip_special_token removes its text from replies
} Piece;

typedef struct {
    Piece *pieces;                      // does not own the texts
    bool own_ids, has_special;          // whether a piece has an id of its own; whether a piece is special
    int n_pieces, vocab;                // vocab: number of ids
    int first[256];                     // longest piece by first byte, or -1
    int *index, index_mask;             // hash table of pieces
    char **learned;                     // by id: the text of a token of a reply that is no piece; owned
} Tokenizer;

void tokenizer_new(Tokenizer *t, int room, int vocab);          // room: maximum number of pieces
void tokenizer_add(Tokenizer *t, const char *text, size_t len, int32_t id, bool special);    // id -1: 256 + index of the piece
const Piece *tokenizer_piece(const Tokenizer *t, int32_t id);   // NULL if no piece has this id
void tokenizer_free(Tokenizer *t);
int32_t tokenizer_id(const Tokenizer *t, const char *text, size_t len);
size_t tokenizer_control(const Tokenizer *t, const char *text, size_t len); // length of the control token at the start, or 0
size_t tokenizer_cut(const Tokenizer *t, const char *text, size_t len);     // length of the first token of a reply
int32_t *tokenizer_encode(const Tokenizer *t, const char *text, size_t len, size_t *count); // the caller frees the ids
void tokenizer_decode(const Tokenizer *t, const int32_t *ids, size_t count, Buf *out);
