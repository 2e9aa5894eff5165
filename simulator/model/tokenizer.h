// tokenizer.h - ids 0..255 are bytes, then the model's pieces; anything else that is said has a hash as id.
// Deterministic and reversible for what a prompt can hold; no model was trained on it.
#pragma once
#include "base/text.h"
#include <stdint.h>

typedef struct { const char *text; int len, next; } Piece;      // next: same first byte, longest first

typedef struct {
    Piece *pieces;                      // ids 256..256+n_pieces-1; the texts are the caller's
    int n_pieces, vocab;                // vocab: number of ids
    int first[256];                     // longest piece by first byte, or -1
    int *index, index_mask;             // hash table of pieces
} Tokenizer;

void tokenizer_new(Tokenizer *t, int room, int vocab);          // room for that many pieces
void tokenizer_add(Tokenizer *t, const char *text, size_t len);
void tokenizer_free(Tokenizer *t);
int32_t tokenizer_id(const Tokenizer *t, const char *text, size_t len);
size_t tokenizer_cut(const Tokenizer *t, const char *text, size_t len);     // length of the first token of a reply
int32_t *tokenizer_encode(const Tokenizer *t, const char *text, size_t len, size_t *count); // malloc
void tokenizer_decode(const Tokenizer *t, const int32_t *ids, size_t count, Buf *out);
