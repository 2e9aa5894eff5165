// tokenizer.h - ids 0..255 are bytes, the following ids are the model's pieces. Other tokens of a reply have a hash as id.
// Encoding a prompt is deterministic and reversible.
#pragma once
#include "base/text.h"
#include <stdint.h>

typedef struct { const char *text; int len, next; } Piece;      // next: same first byte, longest first

typedef struct {
    Piece *pieces;                      // ids 256..256+n_pieces-1; does not own the texts
    int n_pieces, vocab;                // vocab: number of ids
    int first[256];                     // longest piece by first byte, or -1
    int *index, index_mask;             // hash table of pieces
} Tokenizer;

void tokenizer_new(Tokenizer *t, int room, int vocab);          // room: maximum number of pieces
void tokenizer_add(Tokenizer *t, const char *text, size_t len);
void tokenizer_free(Tokenizer *t);
int32_t tokenizer_id(const Tokenizer *t, const char *text, size_t len);
size_t tokenizer_cut(const Tokenizer *t, const char *text, size_t len);     // length of the first token of a reply
int32_t *tokenizer_encode(const Tokenizer *t, const char *text, size_t len, size_t *count); // the caller frees the ids
void tokenizer_decode(const Tokenizer *t, const int32_t *ids, size_t count, Buf *out);
