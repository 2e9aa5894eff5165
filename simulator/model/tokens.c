// tokens.c - the token model: ids 0..255 are raw bytes, then the model's pieces, then a hash for anything else.
// Deterministic and reversible for what a prompt can hold; no model was trained on it.
#include "sim.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t hash(const char *p, size_t len)
{
    uint32_t h = 2166136261u;
    while (len--)
        h = (h ^ (unsigned char)*p++) * 16777619u;
    return h;
}

int32_t token_id(const Model *m, const char *text, size_t len)
{
    if (len == 1)
        return (unsigned char)*text;
    uint32_t h = hash(text, len);
    for (uint32_t i = h & (uint32_t)m->index_mask; m->index && m->index[i] >= 0; i = (i + 1) & (uint32_t)m->index_mask) {
        const Piece *p = &m->pieces[m->index[i]];
        if ((size_t)p->len == len && !memcmp(p->text, text, len))
            return 256 + m->index[i];
    }
    int first = 256 + m->n_pieces, rest = m->vocab - first;
    return rest > 0 ? first + (int32_t)(h % (uint32_t)rest) : first;
}

static const Piece *longest_piece(const Model *m, const char *text, size_t len)
{
    for (int i = m->first[(unsigned char)*text]; i >= 0; i = m->pieces[i].next)
        if ((size_t)m->pieces[i].len <= len && !memcmp(m->pieces[i].text, text, (size_t)m->pieces[i].len))
            return &m->pieces[i];
    return NULL;
}

static bool letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\'' || (c >= 0x80 && c < 0xe0);
}

// A blank belongs to the word behind it. Characters of three and four bytes come in parts of one and two bytes,
// so that tokens really end inside a character.
size_t token_cut(const Model *m, const char *text, size_t len)
{
    unsigned char c = (unsigned char)*text;
    const Piece *special = c == '<' ? longest_piece(m, text, len) : NULL;
    if (special)
        return (size_t)special->len;
    if (c >= 0xf0 && len >= 4)
        return 2;                       // 2 + 1 + 1
    if (c >= 0xe0 && len >= 3)
        return 2;                       // 2 + 1
    if (c >= 0x80 && c < 0xc0)
        return 1;
    if (c == '\n') {
        size_t n = 1;
        while (n < len && text[n] == '\n')
            n++;
        return n;
    }
    size_t n = c == ' ' && len > 1 ? 1 : 0;
    c = (unsigned char)text[n];
    if (c >= '0' && c <= '9') {
        for (size_t digits = 0; n < len && digits < 3 && text[n] >= '0' && text[n] <= '9'; digits++)
            n++;
        return n;
    }
    if (!letter(c))
        return n && (c >= 0x80 || c == ' ' || c == '\n' || c == '<') ? n : n + 1;
    while (n < len && n < 14 && letter((unsigned char)text[n]))
        n += (unsigned char)text[n] >= 0xc0 && n + 1 < len ? 2 : 1;
    return n;
}

int32_t *tokens_encode(const Model *m, const char *text, size_t len, size_t *count)
{
    int32_t *ids = malloc((len + 1) * sizeof *ids);
    size_t n = 0;
    if (!ids)
        abort();
    for (size_t i = 0; i < len; n++) {
        const Piece *p = longest_piece(m, text + i, len - i);
        ids[n] = p ? 256 + (int32_t)(p - m->pieces) : (unsigned char)text[i];
        i += p ? (size_t)p->len : 1;
    }
    *count = n;
    return ids;
}

void tokens_decode(const Model *m, const int32_t *ids, size_t count, Buf *out)
{
    buf_put(out, "", 0);
    for (size_t i = 0; i < count; i++) {
        if (ids[i] >= 0 && ids[i] < 256)
            buf_put(out, &(unsigned char){(unsigned char)ids[i]}, 1);
        else if (ids[i] >= 256 && ids[i] < 256 + m->n_pieces)
            buf_put(out, m->pieces[ids[i] - 256].text, (size_t)m->pieces[ids[i] - 256].len);
    }
}

// Row i depends on ids[0..i], as a hidden state does: equal inputs give equal vectors, on every machine.
float *vectors(const int32_t *ids, size_t count, int dim)
{
    float *v = malloc((count ? count : 1) * (size_t)dim * sizeof *v);
    uint64_t state = 0x9e3779b97f4a7c15ull;
    if (!v)
        abort();
    for (size_t i = 0; i < count; i++) {
        float *row = v + i * (size_t)dim, sum = 0;
        state = (state ^ (uint32_t)ids[i]) * 0xff51afd7ed558ccdull;
        uint64_t x = state | 1;
        for (int d = 0; d < dim; d++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            row[d] = (float)(int32_t)(x >> 32) / 2147483648.0f;
            sum += row[d] * row[d];
        }
        for (int d = 0; d < dim; d++)
            row[d] /= sqrtf(sum);
    }
    return v;
}
